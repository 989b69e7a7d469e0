// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

func zoneOverview() dashboard {
	return dashboard{
		uid: "cloudflare-zone-overview", title: "Zone overview",
		about:     "Traffic, errors, cache and speed of zones, from the receiver cloudflaremetrics.",
		variables: []variable{accountVariable(), zoneVariable()},
		rows:      []row{zoneNow(), zoneTraffic(), zoneVisitors(), zoneErrors(), zoneCache(), zoneSpeed(), zoneLogs()},
	}
}

func zoneNow() row {
	return row{"Now", []panel{
		{title: "Requests", kind: stat, unit: "reqps", width: 4, about: "Requests that the edge answered.", queries: []query{
			{`sum(rate(cloudflare_zone_requests_total{@zone}[$__rate_interval]))`, "requests"},
		}},
		{title: "Bandwidth", kind: stat, unit: "Bps", width: 4, about: "Bytes sent to clients.", queries: []query{
			{`sum(rate(cloudflare_zone_bandwidth_bytes_total{@zone}[$__rate_interval]))`, "bandwidth"},
		}},
		outOfAll(panel{
			title: "Cache hit ratio", kind: stat, width: 4, about: "Share of requests that the cache answered.",
			queries: []query{{`sum(rate(cloudflare_zone_requests_cached_total{@zone}[$__rate_interval]))
  / sum(rate(cloudflare_zone_requests_total{@zone}[$__rate_interval]))`, "hit ratio"}},
		}),
		share(panel{
			title: "5xx at the edge", kind: stat, width: 4, bounds: []float64{0.01, 0.05}, about: "Share of requests that the edge answered with 5xx.",
			queries: []query{{`(sum(rate(cloudflare_zone_requests_status_total{@zone, status=~"5.."}[$__rate_interval])) or vector(0))
  / sum(rate(cloudflare_zone_requests_status_total{@zone}[$__rate_interval]))`, "5xx"}},
		}),
		{title: "Unique visitors", kind: stat, unit: "short", width: 4, about: "Visitors in the newest settled minute, added up over the zones.", queries: []query{
			{`sum(cloudflare_zone_uniques{@zone})`, "visitors"},
		}},
		{
			title: "Behind", kind: stat, unit: "s", width: 4, bounds: []float64{600, 900}, to: link{"cloudflare-receivers", "Receivers", nil},
			about:   "Up to when requests are counted. Five to seven minutes are Cloudflare's delay; more is a backlog, and what rates show is not what goes on now.",
			queries: []query{{`time() - min(cloudflare_exporter_watermark_timestamp_seconds{metric_family="http_requests"})`, "behind"}},
		},
	}}
}

func zoneTraffic() row {
	return row{"Traffic", []panel{
		{
			title: "Requests by zone", kind: graph, unit: "reqps", width: 12, stacked: true, about: "Requests that the edge answered.", to: zoneLink("cloudflare-origin", "Origin and load balancing of this zone"),
			queries: []query{{`sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_requests_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		},
		{
			title: "Bandwidth by zone", kind: graph, unit: "Bps", width: 12, stacked: true, about: "Bytes sent to clients.", to: zoneLink("cloudflare-origin", "Origin and load balancing of this zone"),
			queries: []query{{`sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_bandwidth_bytes_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		},
		perSecond("Requests by method", "HTTP methods.", `sum by (method) (rate(cloudflare_zone_requests_by_method_total{@zone}[$__rate_interval]))`, "{{method}}"),
		perSecond("Requests by HTTP version", "HTTP versions between clients and the edge.", `sum by (http_version) (rate(cloudflare_zone_requests_http_version_total{@zone}[$__rate_interval]))`, "{{http_version}}"),
		perSecond("Requests by content type", "Content types of the responses.", `sum by (content_type) (rate(cloudflare_zone_requests_content_type_total{@zone}[$__rate_interval]))`, "{{content_type}}"),
		largest("Hosts", "short", "Requests of the time range, the ten hosts with the most.", `sum by (host) (increase(cloudflare_zone_requests_status_country_host_total{@zone}[$__range]))`, "{{host}}"),
		largest("Data centres", "short", "Requests of the time range, the ten data centres with the most.", `sum by (colo) (increase(cloudflare_zone_colocation_requests_total{@zone}[$__range]))`, "{{colo}}"),
		largest("Countries", "short", "Requests of the time range, the ten countries with the most.", `sum by (country) (increase(cloudflare_zone_requests_country_total{@zone}[$__range]))`, "{{country}}"),
	}}
}

func zoneVisitors() row {
	return row{"Visitors and names", []panel{
		{
			title: "Page views", kind: graph, unit: "cps", width: 8, about: "Successful requests for HTML pages.",
			queries: []query{{`sum by (cloudflare_zone_name) (rate(cloudflare_zone_pageviews_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		},
		{
			title: "Unique visitors", kind: graph, unit: "short", width: 8, about: "Visitors in each minute. They cannot be added up over minutes.",
			queries: []query{{`sum by (cloudflare_zone_name) (cloudflare_zone_uniques{@zone})`, "{{cloudflare_zone_name}}"}},
		},
		largest("Browsers", "short", "Page views of the time range, by browser family.", `sum by (family) (increase(cloudflare_zone_requests_browser_map_page_views_total{@zone}[$__range]))`, "{{family}}"),
		perSecond("DNS queries by type", "Queries that Cloudflare's name servers answered.", `sum by (query_type) (rate(cloudflare_zone_dns_queries_total{@zone}[$__rate_interval]))`, "{{query_type}}"),
		perSecond("DNS queries by answer", "Response codes; NXDOMAIN in masses is a random subdomain attack or a wrong link.", `sum by (response_code) (rate(cloudflare_zone_dns_queries_total{@zone}[$__rate_interval]))`, "{{response_code}}"),
		{
			title: "Visits by zone", kind: graph, unit: "cps", width: 8, about: "Page loads that came from another site.",
			queries: []query{{`sum by (cloudflare_zone_name) (rate(cloudflare_zone_colocation_visits_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		},
	}}
}

func zoneErrors() row {
	return row{"Errors", []panel{
		{
			title: "Answers by class of status", kind: graph, unit: "reqps", width: 12, stacked: true, about: "What the edge answered.",
			queries: []query{
				{`sum(rate(cloudflare_zone_requests_status_total{@zone, status=~"2.."}[$__rate_interval]))`, "2xx"},
				{`sum(rate(cloudflare_zone_requests_status_total{@zone, status=~"3.."}[$__rate_interval]))`, "3xx"},
				{`sum(rate(cloudflare_zone_requests_status_total{@zone, status=~"4.."}[$__rate_interval]))`, "4xx"},
				{`sum(rate(cloudflare_zone_requests_status_total{@zone, status=~"5.."}[$__rate_interval]))`, "5xx"},
			},
		},
		{
			title: "Errors by status", kind: graph, unit: "reqps", width: 12, quiet: true, about: "Requests that the edge answered with 4xx or 5xx.",
			queries: []query{{`sum by (status) (rate(cloudflare_zone_requests_status_total{@zone, status=~"[45].."}[$__rate_interval]))`, "{{status}}"}},
		},
		share(panel{
			title: "5xx by zone", kind: graph, width: 8, quiet: true, bounds: []float64{0.01, 0.05}, about: "Share of a zone's requests that the edge answered with 5xx, the origin's own included.",
			to: zoneLink("cloudflare-origin", "Origin and load balancing of this zone"),
			queries: []query{{`sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_requests_status_total{@zone, status=~"5.."}[$__rate_interval]))
  / sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_requests_status_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		}),
		share(panel{
			title: "4xx by zone", kind: graph, width: 8, quiet: true, about: "Share of a zone's requests that the edge answered with 4xx, those that security rules block included.",
			to: zoneLink("cloudflare-security", "Security of this zone"),
			queries: []query{{`sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_requests_status_total{@zone, status=~"4.."}[$__rate_interval]))
  / sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_requests_status_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		}),
		{
			title: "Hosts with errors", kind: bars, unit: "short", width: 8, quiet: true, about: "Answers with 4xx or 5xx of the time range, by host and status, the ten with the most.",
			queries: []query{{`topk(10, sum by (host, status) (increase(cloudflare_zone_colocation_error_requests_total{@zone}[$__range])) > 0)`, "{{host}} {{status}}"}},
		},
	}}
}

func zoneCache() row {
	return row{"Cache", []panel{
		outOfAll(panel{
			title: "Requests from the cache", kind: graph, width: 8, about: "Share of requests that the cache answered.",
			queries: []query{{`sum by (cloudflare_zone_name) (rate(cloudflare_zone_requests_cached_total{@zone}[$__rate_interval]))
  / sum by (cloudflare_zone_name) (rate(cloudflare_zone_requests_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		}),
		outOfAll(panel{
			title: "Bytes from the cache", kind: graph, width: 8, about: "Share of bytes that came from the cache.",
			queries: []query{{`sum by (cloudflare_zone_name) (rate(cloudflare_zone_bandwidth_cached_bytes_total{@zone}[$__rate_interval]))
  / sum by (cloudflare_zone_name) (rate(cloudflare_zone_bandwidth_bytes_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		}),
		perSecond("Requests by cache status", "What became of requests in the cache: hit, miss, dynamic …", `sum by (cache_status) (rate(cloudflare_zone_requests_cache_status_total{@zone}[$__rate_interval]))`, "{{cache_status}}"),
	}}
}

func zoneSpeed() row {
	return row{"Speed", []panel{
		seconds("Time to first byte", 12, "Time to the edge's first byte. Of several hosts, the slowest one's quantile; quantiles cannot be averaged.",
			query{`max by (quantile) (cloudflare_zone_hostname_edge_ttfb_seconds{@zone})`, "{{quantile}}"}),
		seconds("Time to first byte by host", 12, "The 95th percentile of each host.",
			query{`max by (host) (cloudflare_zone_hostname_edge_ttfb_seconds{@zone, quantile="P95"})`, "{{host}}"}),
	}}
}

func zoneLogs() row {
	return row{"Logpush", []panel{
		{
			title: "Batches lost", kind: graph, unit: "short", width: 8, quiet: true, about: "Uploads that failed for good, in each interval. Logs of those are lost.",
			queries: []query{
				{`sum by (cloudflare_zone_name, job_id, destination_type, status) (increase(cloudflare_logpush_failed_jobs_zone_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}} job {{job_id}} to {{destination_type}}: {{status}}"},
				{`sum by (cloudflare_account_name, job_id, destination_type, status) (increase(cloudflare_logpush_failed_jobs_account_total{@account}[$__rate_interval]))`, "{{cloudflare_account_name}} job {{job_id}} to {{destination_type}}: {{status}}"},
			},
		},
		{
			title: "Records", kind: graph, unit: "recps", width: 8, about: "Log records that jobs handed over or lost.",
			queries: []query{
				{`sum by (cloudflare_zone_name, job_id) (rate(cloudflare_logpush_records_zone_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}} job {{job_id}}"},
				{`sum by (cloudflare_account_name, job_id) (rate(cloudflare_logpush_records_account_total{@account}[$__rate_interval]))`, "{{cloudflare_account_name}} job {{job_id}}"},
			},
		},
		{
			title: "Volume", kind: graph, unit: "Bps", width: 8, about: "Uncompressed bytes that jobs handed over or lost.",
			queries: []query{
				{`sum by (cloudflare_zone_name, job_id) (rate(cloudflare_logpush_uploaded_zone_bytes_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}} job {{job_id}}"},
				{`sum by (cloudflare_account_name, job_id) (rate(cloudflare_logpush_uploaded_account_bytes_total{@account}[$__rate_interval]))`, "{{cloudflare_account_name}} job {{job_id}}"},
			},
		},
	}}
}
