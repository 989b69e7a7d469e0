// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

import { createMetrics } from "@else42/cf-worker-otel";

interface Env {
  METRICS_URL: string;
  METRICS_TOKEN: string;
}

/** Counts what it is told to: GET /<route>?value=<number>. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const metrics = createMetrics({ serviceName: "observations", endpoint: env.METRICS_URL, token: env.METRICS_TOKEN });
    const route = pathname.slice(1);
    const value = Number(searchParams.get("value"));
    metrics.counter("observed_total", value, { route });
    metrics.histogram("observed", value, { route });
    ctx.waitUntil(metrics.flush());
    return new Response();
  },
} satisfies ExportedHandler<Env>;
