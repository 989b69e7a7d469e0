// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

import { increment, type Intake } from "./push";

/** Counts requests by country, with one PATCH for each. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    const country = String(request.cf?.country ?? "unknown");
    ctx.waitUntil(increment(env, "worker_requests_total", { job: "increments", country }));
    return new Response("Hello World!\n");
  },
} satisfies ExportedHandler<Intake>;
