// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

func receivers() dashboard {
	return dashboard{
		uid: "cloudflare-receivers", title: "Receivers",
		about:     "Whether the numbers of the other dashboards can be trusted: freshness, losses, errors and budgets of the receiver cloudflaremetrics, and its Collector.",
		variables: []variable{receiverVariable(), collectorVariable()},
		rows:      []row{trust(), details(), requests(), collector()},
	}
}

func trust() row {
	return row{"Can I trust the numbers?", []panel{
		{title: "Up", kind: stat, unit: "short", width: 4, bounds: []float64{0.5, 1}, lowIsBad: true, about: "1 when the last scrape found Cloudflare's API answering all that it asked.", queries: []query{
			{`min(cloudflare_exporter_up{@receiver})`, "up"},
		}},
		{title: "Behind", kind: stat, unit: "s", width: 4, bounds: []float64{600, 900}, about: "Age of the watermark that is furthest behind.", queries: []query{
			{`time() - min(cloudflare_exporter_watermark_timestamp_seconds{@receiver})`, "behind"},
		}},
		{title: "Lost", kind: stat, unit: "s", width: 4, bounds: []float64{1}, about: "Time that could no longer be asked for, of the time range, over all zones, accounts and families.", queries: []query{
			{`sum(increase(cloudflare_exporter_lost_time_seconds_total{@receiver}[$__range]))`, "lost"},
		}},
		{title: "Zones", kind: stat, unit: "short", width: 4, about: "Active zones that the token sees and the configuration includes.", queries: []query{
			{`sum(cloudflare_zones{@receiver})`, "zones"},
		}},
		{title: "Accounts", kind: stat, unit: "short", width: 4, about: "Accounts that the token sees and the configuration includes.", queries: []query{
			{`sum(cloudflare_accounts{@receiver})`, "accounts"},
		}},
		{title: "Overflow", kind: stat, unit: "short", width: 4, bounds: []float64{1}, about: "Metrics of a zone or account that have reached series_limit. Sums stay right, detail is lost.", queries: []query{
			{`sum(cloudflare_exporter_overflow_series{@receiver})`, "metrics"},
		}},
		{
			title: "Behind by family", kind: graph, unit: "s", width: 12, about: "How far behind the counting of each family is; of its zones and accounts the one furthest behind. A saw-tooth is how it is read, a rising line is a backlog.",
			queries: []query{{`time() - min by (metric_family) (cloudflare_exporter_watermark_timestamp_seconds{@receiver})`, "{{metric_family}}"}},
		},
		{
			title: "Errors", kind: graph, unit: "short", width: 12, quiet: true, about: "Requests that failed after all retries, in each interval. What could not be read is asked for again.",
			queries: []query{{`sum by (account, class) (increase(cloudflare_exporter_errors_total{@receiver}[$__rate_interval]))`, "{{class}} {{account}}"}},
		},
	}}
}

func details() row {
	return row{"What the numbers are made of", []panel{
		{
			title: "Lost by family", kind: graph, unit: "s", width: 8, about: "Time given up since the state began. The log has zone, dataset and times.",
			queries: []query{{`sum by (metric_family) (cloudflare_exporter_lost_time_seconds_total{@receiver})`, "{{metric_family}}"}},
		},
		{
			title: "Sampling", kind: graph, unit: "short", width: 8, about: "How many events each one stands for that Cloudflare looked at. 1 is no sampling; with 10 a count is a multiple of about ten.",
			queries: []query{{`max by (dataset) (cloudflare_exporter_sample_interval)`, "{{dataset}}"}},
		},
		{
			title: "Late events", kind: graph, unit: "percentunit", width: 8, quiet: true, about: "Share of events that appeared after their window was read, measured an hour later. Raise the dataset's delay to lower it. There is none in the first hour.",
			queries: []query{{`max by (dataset) (cloudflare_exporter_late_ratio{@receiver})`, "{{dataset}}"}},
		},
		{
			title: "Zones that are left out", kind: graph, unit: "short", width: 8, about: "Zones that the token sees and the configuration leaves out.",
			queries: []query{{`sum(cloudflare_zones_filtered{@receiver})`, "filtered"}},
		},
		{
			title: "Sources", kind: table, unit: "short", width: 16, value: "zones and accounts", about: "Datasets that families are read from, and for how many zones or accounts.",
			queries: []query{{`count by (metric_family, dataset) (cloudflare_exporter_source)`, ""}},
		},
	}}
}

func requests() row {
	return row{"Requests to Cloudflare", []panel{
		ofCollector(panel{
			title: "Requests by outcome", kind: graph, unit: "reqps", width: 8, stacked: true, about: "Attempts, by kind of API and what became of them. A document of several datasets counts as several.",
			queries: []query{{`sum by (kind, outcome) (rate(otelcol_cloudflaremetrics_api_requests_total{@collector}[$__rate_interval]))`, "{{kind}} {{outcome}}"}},
		}),
		ofCollector(panel{
			title: "Duration of requests", kind: graph, unit: "s", width: 8, min: new(float64), about: "The 95th percentile of each kind.",
			queries: []query{{`histogram_quantile(0.95, sum by (le, kind) (rate(otelcol_cloudflaremetrics_api_duration_seconds_bucket{@collector}[$__rate_interval])))`, "{{kind}}"}},
		}),
		ofCollector(panel{
			title: "Budget left", kind: graph, unit: "short", width: 8, min: new(float64), about: "GraphQL requests that could start now. At 0 scrapes wait, and windows become wider.",
			queries: []query{{`min by (instance) (otelcol_cloudflaremetrics_budget_left{@collector})`, "{{instance}}"}},
		}),
		ofCollector(panel{
			title: "Windows", kind: graph, unit: "cps", width: 8, stacked: true, about: "Windows of one zone or account and dataset: committed, split because an answer would have been too large, given up.",
			queries: []query{{`sum by (outcome) (rate(otelcol_cloudflaremetrics_windows_total{@collector}[$__rate_interval]))`, "{{outcome}}"}},
		}),
		ofCollector(panel{
			title: "Rows", kind: graph, unit: "rowsps", width: 8, stacked: true, about: "Rows counted, by dataset.",
			queries: []query{{`sum by (dataset) (rate(otelcol_cloudflaremetrics_rows_total{@collector}[$__rate_interval]))`, "{{dataset}}"}},
		}),
		ofCollector(panel{
			title: "Truncated answers", kind: graph, unit: "short", width: 8, quiet: true, about: "Answers with as many rows as Cloudflare gives at once, in each interval; they were asked for again in parts.",
			queries: []query{{`sum by (dataset) (increase(otelcol_cloudflaremetrics_truncations_total{@collector}[$__rate_interval]))`, "{{dataset}}"}},
		}),
	}}
}

func collector() row {
	return row{"Collector", []panel{
		ofCollector(panel{
			title: "Series", kind: graph, unit: "short", width: 6, about: "Series in the ledger, over all zones and accounts.",
			queries: []query{{`sum by (instance) (otelcol_cloudflaremetrics_series{@collector})`, "{{instance}}"}},
		}),
		ofCollector(panel{
			title: "Ledger", kind: graph, unit: "bytes", width: 6, about: "Encoded size of the ledger.",
			queries: []query{{`sum by (instance) (otelcol_cloudflaremetrics_state_size_bytes{@collector})`, "{{instance}}"}},
		}),
		ofCollector(panel{
			title: "Memory", kind: graph, unit: "bytes", width: 6, about: "Resident memory of the Collector's process.",
			queries: []query{{`otelcol_process_memory_rss_bytes{@collector}`, "{{instance}}"}},
		}),
		ofCollector(panel{
			title: "CPU", kind: graph, unit: "short", width: 6, about: "CPU cores that the Collector's process keeps busy.",
			queries: []query{{`rate(otelcol_process_cpu_seconds_total{@collector}[$__rate_interval])`, "{{instance}}"}},
		}),
		ofCollector(panel{
			title: "Points sent", kind: graph, unit: "cps", width: 12, about: "Data points handed over, by exporter.",
			queries: []query{{`sum by (exporter) (rate(otelcol_exporter_sent_metric_points_total{@collector}[$__rate_interval]))`, "{{exporter}}"}},
		}),
		ofCollector(panel{
			title: "Points not sent", kind: graph, unit: "cps", width: 12, quiet: true, about: "Data points that exporters gave up, or that found their queue full. Counters are totals: detail in time is lost, no event.",
			queries: []query{
				{`sum by (exporter) (rate(otelcol_exporter_send_failed_metric_points_total{@collector}[$__rate_interval]))`, "{{exporter}} failed"},
				{`sum by (exporter) (rate(otelcol_exporter_enqueue_failed_metric_points_total{@collector}[$__rate_interval]))`, "{{exporter}} no room"},
			},
		}),
	}}
}

// ofCollector says where the data of a panel comes from.
func ofCollector(p panel) panel {
	p.source = "Reads the Collector's own metrics (port 8888)."
	p.absence = "Empty: Prometheus does not scrape them, or the receiver is not configured."
	return p
}
