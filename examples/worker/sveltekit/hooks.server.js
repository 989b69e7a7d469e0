// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// src/hooks.server.js of a SvelteKit app with @sveltejs/adapter-cloudflare: counts and times every request by its route.
import { createMetrics } from "@else42/cf-worker-otel";
import { sequence } from "@sveltejs/kit/hooks";

/** @type {import('@sveltejs/kit').Handle} */
async function measure({ event, resolve }) {
  const env = event.platform?.env;
  const metrics = createMetrics({
    serviceName: "my-app",
    endpoint: env?.METRICS_URL, // without it, as in `vite dev`, nothing is pushed
    token: env?.METRICS_TOKEN,
  });
  const start = Date.now();
  let status = 500;
  try {
    const response = await resolve(event);
    status = response.status;
    return response;
  } finally {
    // The pattern, such as /recipe/[slug], never the path. What matches no route has none.
    const route = event.route.id ?? "other";
    metrics.counter("http_requests_total", 1, { method: event.request.method, route, status: String(status) });
    metrics.histogram("http_request_duration_ms", Date.now() - start, { route });
    event.platform?.ctx.waitUntil(metrics.flush());
  }
}

/** @type {import('@sveltejs/kit').Handle} */
const app = ({ event, resolve }) => resolve(event); // your own hook

// First, so that it measures what comes after it.
export const handle = sequence(measure, app);
