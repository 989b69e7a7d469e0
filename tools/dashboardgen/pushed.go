// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

func pushed() dashboard {
	return dashboard{
		uid: "cloudflare-pushed-workers", title: "Pushed Worker metrics",
		about: "What Workers push to the receiver workersmetrics. Names and labels are those of examples/worker; edit them to yours. " +
			"The row Intake is about the receiver itself.",
		variables: []variable{serviceVariable(), collectorVariable()},
		rows:      []row{pushedRequests(), pushedAlarms(), pushedCost(), intake()},
	}
}

func pushedRequests() row {
	return row{"Requests by route", []panel{
		fromWorkers(panel{
			title: "Requests", kind: graph, unit: "reqps", width: 8, stacked: true, about: "Requests by route, as the Worker counts them.",
			queries: []query{{`sum by (job, route) (rate(http_requests_total{@service, route!=""}[$__rate_interval]))`, "{{job}} {{route}}"}},
		}),
		fromWorkers(share(panel{
			title: "Errors", kind: graph, width: 8, quiet: true, bounds: []float64{0.01, 0.05}, about: "Share of a route's requests that were answered with 5xx.",
			queries: []query{{`sum by (job, route) (rate(http_requests_total{@service, route!="", status=~"5.."}[$__rate_interval]))
  / sum by (job, route) (rate(http_requests_total{@service, route!=""}[$__rate_interval]))`, "{{job}} {{route}}"}},
		})),
		fromWorkers(panel{
			title: "Answers by status", kind: graph, unit: "reqps", width: 8, stacked: true, about: "Statuses that the Worker answered.",
			queries: []query{{`sum by (status) (rate(http_requests_total{@service, route!=""}[$__rate_interval]))`, "{{status}}"}},
		}),
		fromWorkers(panel{
			title: "Duration", kind: graph, unit: "ms", width: 8, min: new(float64), about: "Of all routes. A Worker's clock stands still between two I/Os: this is what it waited for.",
			queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(http_request_duration_ms_bucket{@service}[$__rate_interval])))`, "p50"},
				{`histogram_quantile(0.95, sum by (le) (rate(http_request_duration_ms_bucket{@service}[$__rate_interval])))`, "p95"},
				{`histogram_quantile(0.99, sum by (le) (rate(http_request_duration_ms_bucket{@service}[$__rate_interval])))`, "p99"},
			},
		}),
		fromWorkers(panel{
			title: "Duration by route", kind: graph, unit: "ms", width: 8, min: new(float64), about: "The 95th percentile of each route.",
			queries: []query{{`histogram_quantile(0.95, sum by (le, job, route) (rate(http_request_duration_ms_bucket{@service}[$__rate_interval])))`, "{{job}} {{route}}"}},
		}),
		fromWorkers(panel{
			title: "Average duration by route", kind: graph, unit: "ms", width: 8, min: new(float64), about: "Sum by count.",
			queries: []query{{`sum by (job, route) (rate(http_request_duration_ms_sum{@service}[$__rate_interval]))
  / sum by (job, route) (rate(http_request_duration_ms_count{@service}[$__rate_interval]))`, "{{job}} {{route}}"}},
		}),
		fromWorkers(panel{
			title: "Routes", kind: bars, unit: "short", width: 12, about: "Requests of the time range, the ten routes with the most.",
			queries: []query{{`topk(10, sum by (job, route) (increase(http_requests_total{@service, route!=""}[$__range])))`, "{{job}} {{route}}"}},
		}),
		fromWorkers(panel{
			title: "Single increments", kind: graph, unit: "cps", width: 12, about: "Counters that come by PATCH, and those that a Durable Object adds up.",
			queries: []query{
				{`sum by (job, country) (rate(worker_requests_total{@service}[$__rate_interval]))`, "{{job}} requests {{country}}"},
				{`sum by (job, shop) (rate(item_views_total{@service}[$__rate_interval]))`, "{{job}} views {{shop}}"},
			},
		}),
	}}
}

func pushedAlarms() row {
	return row{"Alarms of Durable Objects", []panel{
		fromWorkers(panel{
			title: "Alarms", kind: graph, unit: "ops", width: 8, about: "Alarms that ran, by class.",
			queries: []query{{`sum by (job, do_class) (rate(do_alarm_total{@service}[$__rate_interval]))`, "{{job}} {{do_class}}"}},
		}),
		fromWorkers(panel{
			title: "Alarms that failed", kind: graph, unit: "ops", width: 8, quiet: true, about: "By class.",
			queries: []query{{`sum by (job, do_class) (rate(do_alarm_errors_total{@service}[$__rate_interval]))`, "{{job}} {{do_class}}"}},
		}),
		fromWorkers(panel{
			title: "Duration of alarms", kind: graph, unit: "ms", width: 8, min: new(float64), about: "Median and 95th percentile of each class.",
			queries: []query{
				{`histogram_quantile(0.5, sum by (le, do_class) (rate(do_alarm_duration_ms_bucket{@service}[$__rate_interval])))`, "{{do_class}} p50"},
				{`histogram_quantile(0.95, sum by (le, do_class) (rate(do_alarm_duration_ms_bucket{@service}[$__rate_interval])))`, "{{do_class}} p95"},
			},
		}),
	}}
}

func pushedCost() row {
	return row{"Cost of LLMs", []panel{
		fromWorkers(panel{
			title: "Dollars", kind: stat, unit: "currencyUSD", width: 6, about: "Spent in the time range.",
			queries: []query{{`sum(increase(llm_cost_dollars_total{@service}[$__range]))`, "cost"}},
		}),
		fromWorkers(panel{
			title: "Dollars an hour", kind: stat, unit: "currencyUSD", width: 6, about: "At the present rate.",
			queries: []query{{`3600 * sum(rate(llm_cost_dollars_total{@service}[$__rate_interval]))`, "cost"}},
		}),
		fromWorkers(panel{
			title: "Tokens", kind: stat, unit: "short", width: 6, about: "Of the time range, input and output.",
			queries: []query{{`sum(increase(llm_tokens_total{@service}[$__range]))`, "tokens"}},
		}),
		fromWorkers(share(panel{
			title: "Calls that failed", kind: stat, width: 6, bounds: []float64{0.01, 0.05}, about: "Share of the time range's calls.",
			queries: []query{{`(sum(increase(llm_requests_total{@service, outcome="error"}[$__range])) or vector(0)) / sum(increase(llm_requests_total{@service}[$__range]))`, "errors"}},
		})),
		fromWorkers(panel{
			title: "Dollars an hour by model", kind: graph, unit: "currencyUSD", width: 8, stacked: true, about: "By the model that was asked for and the purpose.",
			queries: []query{{`3600 * sum by (model, stage) (rate(llm_cost_dollars_total{@service}[$__rate_interval]))`, "{{model}} {{stage}}"}},
		}),
		fromWorkers(panel{
			title: "Tokens by direction", kind: graph, unit: "cps", width: 8, stacked: true, about: "Tokens a second.",
			queries: []query{{`sum by (model, direction) (rate(llm_tokens_total{@service}[$__rate_interval]))`, "{{model}} {{direction}}"}},
		}),
		fromWorkers(panel{
			title: "Duration of calls", kind: graph, unit: "ms", width: 8, min: new(float64), about: "The 95th percentile of each model and purpose.",
			queries: []query{{`histogram_quantile(0.95, sum by (le, model, stage) (rate(llm_duration_ms_bucket{@service}[$__rate_interval])))`, "{{model}} {{stage}}"}},
		}),
	}}
}

func intake() row {
	return row{"Intake", []panel{
		ofCollector(panel{
			title: "Pushes", kind: graph, unit: "reqps", width: 8, stacked: true, about: "Requests that workersmetrics answered, by way and status. Those without authentication are not among them.",
			queries: []query{{`sum by (route, status) (rate(otelcol_workersmetrics_requests_total{@collector}[$__rate_interval]))`, "{{route}} {{status}}"}},
		}),
		ofCollector(panel{
			title: "Points refused", kind: graph, unit: "cps", width: 8, quiet: true, about: "Points that were not counted: malformed, or another kind, unit or bounds than the metric has, or no room.",
			queries: []query{{`sum by (instance) (rate(otelcol_workersmetrics_points_total{@collector, outcome="refused"}[$__rate_interval]))`, "{{instance}}"}},
		}),
		ofCollector(panel{
			title: "Points added", kind: graph, unit: "cps", width: 8, about: "Points that were counted.",
			queries: []query{{`sum by (instance) (rate(otelcol_workersmetrics_points_total{@collector, outcome="added"}[$__rate_interval]))`, "{{instance}}"}},
		}),
		ofCollector(panel{
			title: "Time to save", kind: graph, unit: "s", width: 8, min: new(float64), about: "What a push that is acknowledged durably waits for.",
			queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(otelcol_workersmetrics_commit_duration_seconds_bucket{@collector}[$__rate_interval])))`, "p50"},
				{`histogram_quantile(0.99, sum by (le) (rate(otelcol_workersmetrics_commit_duration_seconds_bucket{@collector}[$__rate_interval])))`, "p99"},
			},
		}),
		ofCollector(panel{
			title: "Series", kind: graph, unit: "short", width: 8, about: "Series that are kept, and those that take what is beyond series_limit. Overflow above 0 means that a label holds a path or an id.",
			queries: []query{
				{`sum(otelcol_workersmetrics_series{@collector})`, "series"},
				{`sum(otelcol_workersmetrics_overflow_series{@collector})`, "overflow"},
			},
		}),
		ofCollector(panel{
			title: "What is remembered", kind: graph, unit: "short", width: 8, about: "Idempotency keys, and instances that push cumulative points.",
			queries: []query{
				{`sum(otelcol_workersmetrics_idempotency_keys{@collector})`, "idempotency keys"},
				{`sum(otelcol_workersmetrics_sources{@collector})`, "instances"},
			},
		}),
	}}
}

// fromWorkers says where the data of a panel comes from.
func fromWorkers(p panel) panel {
	p.source = "Reads what Workers push (examples/worker)."
	p.absence = "Empty: no Worker pushes a metric of this name, or Prometheus does not scrape the exporter prometheus/workers."
	return p
}
