// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// src/app.d.ts of the app: what hooks.server.js finds in event.platform. METRICS_URL is a variable of wrangler.jsonc,
// METRICS_TOKEN a secret.
declare global {
  namespace App {
    interface Platform {
      env?: { METRICS_URL?: string; METRICS_TOKEN?: string };
      ctx: ExecutionContext;
    }
  }
}

export {};
