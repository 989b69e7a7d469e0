// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

func workers() dashboard {
	return dashboard{
		uid: "cloudflare-workers", title: "Workers",
		about:     "Invocations, errors and times of Workers as Cloudflare sees them, and the storage that they use, from the receiver cloudflaremetrics. What Workers say of themselves is in Cloudflare / Pushed Worker metrics.",
		variables: []variable{accountVariable(), scriptVariable()},
		rows:      []row{invocations(), workerTimes(), workerStorage()},
	}
}

func invocations() row {
	return row{"Invocations", []panel{
		perSecond("Requests by Worker", "Invocations.", `sum by (script_name) (rate(cloudflare_worker_requests_total{@script}[$__rate_interval]))`, "{{script_name}}"),
		perSecond("Requests by outcome", "Invocations by status: success, scriptThrewException, exceededResources …", `sum by (status) (rate(cloudflare_worker_requests_total{@script}[$__rate_interval]))`, "{{status}}"),
		share(panel{
			title: "Errors by Worker", kind: graph, width: 8, quiet: true, bounds: []float64{0.01, 0.05}, about: "Share of invocations that ended with an error.",
			queries: []query{{`sum by (script_name) (rate(cloudflare_worker_errors_total{@script}[$__rate_interval]))
  / sum by (script_name) (rate(cloudflare_worker_requests_total{@script}[$__rate_interval]))`, "{{script_name}}"}},
		}),
		{
			title: "Errors by kind", kind: graph, unit: "cps", width: 8, quiet: true, about: "Invocations that ended with an error, by Worker and status.",
			queries: []query{{`sum by (script_name, status) (rate(cloudflare_worker_errors_total{@script}[$__rate_interval]))`, "{{script_name}} {{status}}"}},
		},
		perSecond("Subrequests by Worker", "Requests that Workers made themselves.", `sum by (script_name) (rate(cloudflare_worker_subrequests_total{@script}[$__rate_interval]))`, "{{script_name}}"),
		{
			title: "Subrequests of an invocation", kind: graph, unit: "short", width: 8, about: "On average. An invocation may have 50 on the Free plan.",
			queries: []query{{`sum by (script_name) (rate(cloudflare_worker_subrequests_total{@script}[$__rate_interval]))
  / sum by (script_name) (rate(cloudflare_worker_requests_total{@script}[$__rate_interval]))`, "{{script_name}}"}},
		},
	}}
}

func workerTimes() row {
	return row{"Time and what is billed", []panel{
		seconds("CPU time", 8, "CPU time of an invocation. Of several Workers and outcomes, the slowest one's quantile.",
			query{`max by (quantile) (cloudflare_worker_cpu_time_seconds{@script})`, "{{quantile}}"}),
		seconds("CPU time by Worker", 8, "The 99th percentile of each Worker.",
			query{`max by (script_name) (cloudflare_worker_cpu_time_seconds{@script, quantile="P99"})`, "{{script_name}}"}),
		seconds("Wall time by Worker", 8, "The 99th percentile of each Worker, waiting included.",
			query{`max by (script_name) (cloudflare_worker_wall_time_seconds{@script, quantile="P99"})`, "{{script_name}}"}),
		{
			title: "Gigabyte-seconds", kind: graph, unit: "none", width: 8, about: "Wall time multiplied by memory, a second.",
			queries: []query{{`sum by (script_name) (rate(cloudflare_worker_duration_gigabyte_seconds_total{@script}[$__rate_interval]))`, "{{script_name}}"}},
		},
		largest("Requests of the time range", "short", "What requests are billed by.", `sum by (script_name) (increase(cloudflare_worker_requests_total{@script}[$__range]))`, "{{script_name}}"),
		largest("Gigabyte-seconds of the time range", "none", "Wall time multiplied by memory, of all invocations.", `sum by (script_name) (increase(cloudflare_worker_duration_gigabyte_seconds_total{@script}[$__range]))`, "{{script_name}}"),
	}}
}

func workerStorage() row {
	return row{"D1 and R2", []panel{
		{
			title: "D1 queries", kind: graph, unit: "ops", width: 8, about: "Queries by database.",
			queries: []query{
				{`sum by (database_id) (rate(cloudflare_d1_queries_read_total{@account}[$__rate_interval]))`, "{{database_id}} read"},
				{`sum by (database_id) (rate(cloudflare_d1_queries_write_total{@account}[$__rate_interval]))`, "{{database_id}} write"},
			},
		},
		{
			title: "D1 rows", kind: graph, unit: "rowsps", width: 8, about: "Rows by database, which D1 is billed by. Many rows for few queries is a missing index.",
			queries: []query{
				{`sum by (database_id) (rate(cloudflare_d1_rows_read_total{@account}[$__rate_interval]))`, "{{database_id}} read"},
				{`sum by (database_id) (rate(cloudflare_d1_rows_written_total{@account}[$__rate_interval]))`, "{{database_id}} written"},
			},
		},
		{
			title: "R2 operations", kind: graph, unit: "ops", width: 8, about: "Operations by bucket and kind.",
			queries: []query{{`sum by (bucket, action_type) (rate(cloudflare_r2_operations_total{@account}[$__rate_interval]))`, "{{bucket}} {{action_type}}"}},
		},
		{
			title: "R2 errors", kind: graph, unit: "ops", width: 8, quiet: true, about: "Operations that did not succeed, by bucket and what went wrong.",
			queries: []query{{`sum by (bucket, action_status) (rate(cloudflare_r2_operations_total{@account, action_status!="success"}[$__rate_interval]))`, "{{bucket}} {{action_status}}"}},
		},
		{
			title: "R2 bytes read", kind: graph, unit: "Bps", width: 8, about: "Bytes of objects that R2 answered with, by bucket.",
			queries: []query{{`sum by (bucket) (rate(cloudflare_r2_response_objects_bytes_total{@account}[$__rate_interval]))`, "{{bucket}}"}},
		},
		{
			title: "R2 storage", kind: graph, unit: "bytes", width: 8, about: "What is in each bucket, of the newest full hour.",
			queries: []query{{`sum by (bucket) (cloudflare_r2_storage_payload_bytes{@account} + cloudflare_r2_storage_metadata_bytes{@account})`, "{{bucket}}"}},
		},
	}}
}
