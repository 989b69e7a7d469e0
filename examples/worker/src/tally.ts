// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

import { DurableObject } from "cloudflare:workers";
import { SERVICE, startMetrics } from "./metrics";
import { push, type Intake } from "./push";

/** How long counts are gathered before they are pushed, and how long after a failure they are pushed again. */
const INTERVAL_MS = 10_000;

type Row = { series: string; name: string; value: number };
type Batch = { key: string; body: string };

/**
 * Adds counts up and pushes them with an alarm: one request to the receiver for thousands of requests to the Worker.
 *
 * Counts are in storage before count returns. A batch has one key for as long as it is tried, so that a lost answer counts
 * nothing twice; what comes meanwhile waits for the next one. Try no longer than the receiver remembers keys
 * (idempotency::ttl, 10m by default), or set that higher than the longest outage that you want to get over.
 */
export class Tally extends DurableObject<Intake> {
  readonly #sql = this.ctx.storage.sql;

  constructor(ctx: DurableObjectState, env: Intake) {
    super(ctx, env);
    this.#sql.exec("CREATE TABLE IF NOT EXISTS pending (series TEXT PRIMARY KEY, name TEXT NOT NULL, value REAL NOT NULL)");
    this.#sql.exec("CREATE TABLE IF NOT EXISTS outgoing (key TEXT NOT NULL, body TEXT NOT NULL)");
  }

  /** Adds to a counter. Other Workers and Durable Objects call it as a method of the stub. */
  async count(name: string, labels: Record<string, string> = {}, by = 1): Promise<void> {
    this.#sql.exec(
      "INSERT INTO pending VALUES (?, ?, ?) ON CONFLICT (series) DO UPDATE SET value = value + excluded.value",
      name + braces(labels), name, by,
    );
    if ((await this.ctx.storage.getAlarm()) === null) {
      await this.ctx.storage.setAlarm(Date.now() + INTERVAL_MS);
    }
  }

  override async alarm(): Promise<void> {
    const metrics = startMetrics(this.env);
    const start = Date.now();
    const labels = { do_class: "Tally" };
    try {
      await this.#pushBatch();
    } catch (error) {
      metrics.counter("do_alarm_errors_total", 1, labels);
      console.error(`tally: ${error}`);
    } finally {
      metrics.counter("do_alarm_total", 1, labels);
      metrics.histogram("do_alarm_duration_ms", Date.now() - start, labels);
      this.ctx.waitUntil(metrics.flush());
      if (this.#rows() > 0) {
        await this.ctx.storage.setAlarm(Date.now() + INTERVAL_MS);
      }
    }
  }

  async #pushBatch(): Promise<void> {
    const batch = this.#outgoing() ?? this.#seal();
    if (!batch) {
      return;
    }
    const outcome = await push(this.env, { method: "POST", path: `/metrics/job/${SERVICE}`, ...batch });
    if (outcome === "later") {
      throw new Error("the receiver did not answer for good; the batch stays");
    }
    this.#sql.exec("DELETE FROM outgoing");
    if (outcome === "refused") {
      throw new Error(`the receiver refused a batch, which is dropped: ${batch.body.slice(0, 500)}`);
    }
  }

  #outgoing(): Batch | undefined {
    return this.#sql.exec<Batch>("SELECT key, body FROM outgoing").toArray()[0];
  }

  /** Makes what is pending the next batch, at once and for good. */
  #seal(): Batch | undefined {
    return this.ctx.storage.transactionSync(() => {
      const rows = this.#sql.exec<Row>("SELECT series, name, value FROM pending ORDER BY name, series").toArray();
      if (rows.length === 0) {
        return undefined;
      }
      const batch = { key: crypto.randomUUID(), body: prometheusText(rows) };
      this.#sql.exec("INSERT INTO outgoing VALUES (?, ?)", batch.key, batch.body);
      this.#sql.exec("DELETE FROM pending");
      return batch;
    });
  }

  #rows(): number {
    const counts = "SELECT (SELECT count(*) FROM pending) + (SELECT count(*) FROM outgoing) AS n";
    return this.#sql.exec<{ n: number }>(counts).one().n;
  }
}

/** The labels as Prometheus writes them, sorted, so that one series has one text. */
function braces(labels: Record<string, string>): string {
  const escape = (value: string) => value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n");
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, value]) => `${name}="${escape(value)}"`).join(",")}}`;
}

function prometheusText(rows: Row[]): string {
  let text = "";
  let family = "";
  for (const { series, name, value } of rows) {
    if (name !== family) {
      text += `# TYPE ${name} counter\n`;
      family = name;
    }
    text += `${series} ${value}\n`;
  }
  return text;
}
