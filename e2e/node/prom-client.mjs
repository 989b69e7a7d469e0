// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Pushes with prom-client in one of the ways of docs/workers.md, and prints as JSON every event that it counted:
//
//   node prom-client.mjs contributions|header|query http://127.0.0.1:9091
//
// The token is in METRICS_TOKEN.
import { Counter, Histogram, Pushgateway, Registry } from "prom-client";

const [way, intake] = process.argv.slice(2);
const authorization = { Authorization: `Bearer ${process.env.METRICS_TOKEN}` };
const cumulative = { "X-Temporality": "cumulative" };

/** Far from what a double can hold exactly, on a bound, and beyond the last one. */
const SECONDS = [0.003, 0.1, 0.25, 0.3, 2.5, 10, 11.7];
const PLANS = ["free", "pro"];

const events = [];

/** What a program counts: jobs by plan, and how long they took. */
class Program {
  constructor() {
    this.registry = new Registry();
    const registers = [this.registry];
    this.jobs = new Counter({ name: "jobs_total", help: "Jobs done", labelNames: ["plan"], registers });
    this.seconds = new Histogram({
      name: "job_duration_seconds", help: "How long jobs took", labelNames: ["plan"], buckets: [0.1, 0.25, 0.5, 2.5, 10], registers,
    });
  }

  work(i) {
    const labels = { plan: PLANS[i % PLANS.length] };
    const by = 1 + (i % 3);
    const value = SECONDS[i % SECONDS.length];
    this.jobs.inc(labels, by);
    this.seconds.observe(labels, value);
    events.push({ name: "jobs_total", labels, by }, { name: "job_duration_seconds", labels, value });
  }
}

/** Each push is by a program that has done one job and ends. */
async function contribute() {
  const program = new Program();
  program.work(events.length / 2);
  await new Pushgateway(intake, { headers: authorization }, program.registry).pushAdd({ jobName: "batch" });
}

/** Programs that go on and push all they have ever counted, again and again. In the middle they start anew. */
async function liveOn(instance, push) {
  let program = new Program();
  for (let i = 0; i < 40; i++) {
    if (i === 20) {
      program = new Program();
    }
    for (let n = 0; n <= (i * instance) % 4; n++) {
      program.work(i + n);
    }
    await push(program.registry, `host-${instance}`);
    await push(program.registry, `host-${instance}`); // nothing new
  }
}

async function pushWithHeader(registry, instance) {
  const gateway = new Pushgateway(intake, { headers: { ...authorization, ...cumulative } }, registry);
  await gateway.pushAdd({ jobName: "batch", groupings: { instance } });
}

async function pushWithQuery(registry, instance) {
  const response = await fetch(`${intake}/metrics/job/batch/instance/${instance}?temporality=cumulative`, {
    method: "POST",
    headers: { ...authorization, "Content-Type": registry.contentType },
    body: await registry.metrics(),
  });
  if (!response.ok) {
    throw new Error(`${response.status} ${await response.text()}`);
  }
}

/** Runs so many clients side by side. */
const side = (clients, run) => Promise.all(Array.from({ length: clients }, (_, client) => run(client)));

const ways = {
  contributions: () => side(50, async () => {
    for (let i = 0; i < 20; i++) {
      await contribute();
    }
  }),
  header: () => side(20, (client) => liveOn(client, pushWithHeader)),
  query: () => side(20, (client) => liveOn(client, pushWithQuery)),
};

await ways[way]();
console.log(JSON.stringify(events));
