// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

/** Where the receiver workersmetrics is, and what it knows us by. */
export interface Intake {
  METRICS_URL: string;
  METRICS_TOKEN: string;
  /** A VPC service binding, if the receiver has no public name. */
  METRICS?: Fetcher;
}

/** counted: for good. refused: never will be. later: nobody knows; the same request with the same key is safe. */
export type Outcome = "counted" | "refused" | "later";

/** What a request says that would be refused again: malformed, in conflict with the series, too large, no room. */
const REFUSALS = new Set([400, 409, 413, 415, 422]);

/** What is left of the 30 seconds that waitUntil has, less one last attempt. */
const RETRY_FOR_MS = 20_000;
const ATTEMPT_MS = 5_000;

export interface Contribution {
  method: "PATCH" | "POST";
  path: string;
  body?: string;
  /** One for each contribution, the same for each attempt: it is counted once, however often it arrives. */
  key: string;
}

/** Sends a contribution until the receiver has answered for good, or time is up. Never throws. */
export async function push(env: Intake, contribution: Contribution): Promise<Outcome> {
  const deadline = Date.now() + RETRY_FOR_MS;
  for (let wait = 250; ; wait *= 2) {
    const { outcome, retryAfterMs } = await attempt(env, contribution);
    const pause = Math.max(retryAfterMs, wait * (0.5 + Math.random()));
    if (outcome !== "later" || Date.now() + pause > deadline) {
      return outcome;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function attempt(env: Intake, c: Contribution): Promise<{ outcome: Outcome; retryAfterMs: number }> {
  const init: RequestInit = {
    method: c.method,
    headers: {
      Authorization: `Bearer ${env.METRICS_TOKEN}`,
      "Content-Type": "text/plain; version=0.0.4",
      "Idempotency-Key": c.key,
    },
    body: c.body,
    signal: AbortSignal.timeout(ATTEMPT_MS),
  };
  try {
    const url = new URL(c.path, env.METRICS_URL).href;
    const response = await (env.METRICS ? env.METRICS.fetch(url, init) : fetch(url, init));
    const message = await response.text();
    if (response.ok) {
      return { outcome: "counted", retryAfterMs: 0 };
    }
    console.warn(`metrics: ${c.path}: ${response.status} ${message.trim()}`);
    const retryAfterMs = 1000 * Number(response.headers.get("Retry-After") ?? 0) || 0;
    return { outcome: REFUSALS.has(response.status) ? "refused" : "later", retryAfterMs };
  } catch (error) {
    console.warn(`metrics: ${c.path}: ${error}`);
    return { outcome: "later", retryAfterMs: 0 };
  }
}

/** Adds to a counter, with one request. */
export function increment(env: Intake, name: string, labels: Record<string, string> = {}, by = 1): Promise<Outcome> {
  return push(env, {
    method: "PATCH",
    path: `/metrics/${encodeURIComponent(name)}?${new URLSearchParams(labels)}`,
    body: String(by),
    key: crypto.randomUUID(),
  });
}
