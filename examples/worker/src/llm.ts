// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

import type { Metrics } from "@else42/cf-worker-otel";

/** The part of OpenRouter's answer that is counted. */
interface Completion {
  model: string;
  choices: { message: { content: string } }[];
  usage?: { prompt_tokens: number; completion_tokens: number; cost?: number }; // cost in US dollars
}

/** One call of the model, counted by what it was for: calls, tokens, dollars and time. */
export async function complete(key: string, model: string, stage: string, prompt: string, metrics: Metrics): Promise<string> {
  const start = Date.now();
  let outcome = "error";
  try {
    const response = await fetch("https://openrouter.ai/api/v1/chat/completions", {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: prompt }], usage: { include: true } }),
    });
    if (!response.ok) {
      throw new Error(`the model answered ${response.status}`);
    }
    const completion = await response.json<Completion>();
    countUsage(metrics, completion, model, stage);
    outcome = "ok";
    return completion.choices[0]?.message.content ?? "";
  } finally {
    metrics.counter("llm_requests_total", 1, { model, stage, outcome });
    metrics.histogram("llm_duration_ms", Date.now() - start, { model, stage });
  }
}

/** The label is the model that was asked for: what providers answer has versions, and every version were a new series. */
export function countUsage(metrics: Metrics, completion: Completion, model: string, stage: string): void {
  const { usage } = completion;
  if (!usage) {
    return;
  }
  metrics.counter("llm_tokens_total", usage.prompt_tokens, { model, stage, direction: "input" });
  metrics.counter("llm_tokens_total", usage.completion_tokens, { model, stage, direction: "output" });
  metrics.counter("llm_cost_dollars_total", usage.cost ?? 0, { model, stage });
}
