// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

import type { Metrics } from "@else42/cf-worker-otel";
import { complete } from "./llm";
import { startMetrics } from "./metrics";
import type { Intake } from "./push";
import type { Tally } from "./tally";

export { Tally } from "./tally";

interface Env extends Intake {
  TALLY: DurableObjectNamespace<Tally>;
  OPENROUTER_API_KEY?: string;
}

/** What a handler gets. */
interface Call {
  request: Request;
  env: Env;
  ctx: ExecutionContext;
  metrics: Metrics;
  params: Record<string, string | undefined>;
}

/** How many Durable Objects share the counting. One takes some hundred calls a second. */
const SHARDS = 4;

/** Every route has a name of its own. A label with the path would be a new series for each item, and for each scanner. */
const ROUTES: { name: string; pattern: URLPattern; handle: (call: Call) => Promise<Response> }[] = [
  { name: "/", pattern: new URLPattern({ pathname: "/" }), handle: async () => new Response("Hello World!\n") },
  { name: "/items/[id]", pattern: new URLPattern({ pathname: "/items/:id" }), handle: showItem },
  { name: "/chat", pattern: new URLPattern({ pathname: "/chat" }), handle: chat },
];

/** Counts and times every request, and pushes that once the response is on its way. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    const metrics = startMetrics(env);
    const start = Date.now();
    const match = findRoute(request.url);
    const route = match?.name ?? "other";
    let status = 500;
    try {
      const call: Call = { request, env, ctx, metrics, params: match?.params ?? {} };
      const response = match ? await match.handle(call) : new Response("Not found\n", { status: 404 });
      status = response.status;
      return response;
    } finally {
      metrics.counter("http_requests_total", 1, { method: request.method, route, status: String(status) });
      // In production the clock of a Worker moves with its I/O only, so this is what it waited, not what it computed.
      metrics.histogram("http_request_duration_ms", Date.now() - start, { route });
      ctx.waitUntil(metrics.flush());
    }
  },
} satisfies ExportedHandler<Env>;

function findRoute(url: string) {
  for (const { name, pattern, handle } of ROUTES) {
    const found = pattern.exec(url);
    if (found) {
      return { name, handle, params: found.pathname.groups };
    }
  }
  return undefined;
}

/** Views come in spikes: a Durable Object adds them up. */
async function showItem({ env, ctx, params }: Call): Promise<Response> {
  const shard = Math.floor(Math.random() * SHARDS);
  ctx.waitUntil(env.TALLY.getByName(`shard-${shard}`).count("item_views_total", { shop: "main" }));
  return Response.json({ id: params.id });
}

async function chat({ request, env, metrics }: Call): Promise<Response> {
  if (request.method !== "POST") {
    return new Response("Send a prompt with POST\n", { status: 405, headers: { Allow: "POST" } });
  }
  if (!env.OPENROUTER_API_KEY) {
    return new Response("OPENROUTER_API_KEY is not set\n", { status: 501 });
  }
  const text = await complete(env.OPENROUTER_API_KEY, "openai/gpt-4o-mini", "chat", await request.text(), metrics);
  return new Response(`${text}\n`);
}
