// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Serves a bundled Worker in workerd on loopback, with what its wrangler configuration binds, until it gets SIGTERM.
//
//   node serve.mjs '{"config": "wrangler.jsonc", "bundle": "index.js", "bindings": {…}, "openRouter": "http://…"}'
//
// bindings are laid over the configuration's; openRouter, if there, answers for https://openrouter.ai.
import { readFileSync } from "node:fs";
import { Miniflare, fetch } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

const { config, bundle, bindings, openRouter } = JSON.parse(process.argv[2]);
const { workerOptions } = unstable_getMiniflareWorkerOptions(config);

/** Takes the Worker's calls to openrouter.ai elsewhere, and lets all others pass. */
function outbound(request) {
  const url = new URL(request.url);
  if (url.host !== "openrouter.ai") {
    return fetch(request);
  }
  return fetch(new URL(url.pathname, openRouter), request);
}

const runtime = new Miniflare({
  ...workerOptions,
  modules: [{ type: "ESModule", path: "index.js", contents: readFileSync(bundle, "utf8") }],
  bindings: { ...workerOptions.bindings, ...bindings },
  ...(openRouter && { outboundService: outbound }),
  host: "127.0.0.1",
  port: 0,
  cf: false, // else it is fetched from Cloudflare; requests bring their own in MF-CF-Blob
});

process.once("SIGTERM", async () => {
  await runtime.dispose();
  process.exit(0);
});
console.log(`listening ${(await runtime.ready).origin}`);
