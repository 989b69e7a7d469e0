// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

import { createMetrics, type Metrics } from "@else42/cf-worker-otel";
import type { Intake } from "./push";

/** The label job of all that this Worker pushes. */
export const SERVICE = "shop";

/**
 * Upper bounds of the buckets of all histograms, in milliseconds; LLMs take longer than the library's 10 s. A histogram
 * keeps the bounds of its first push, and a push with others is refused: give the metric another name to change them.
 */
const BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000];

/** What one invocation adds. Everything goes out with one request, when flush is called. */
export function startMetrics(env: Intake): Metrics {
  return createMetrics({
    serviceName: SERVICE,
    endpoint: env.METRICS_URL,
    token: env.METRICS_TOKEN,
    histogramBounds: BOUNDS_MS,
  });
}
