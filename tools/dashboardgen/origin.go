// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

func origin() dashboard {
	return dashboard{
		uid: "cloudflare-origin", title: "Origin and load balancing",
		about:     "What origins answer and how fast, health checks, load balancers and their pools, tunnels, from the receiver cloudflaremetrics.",
		variables: []variable{accountVariable(), zoneVariable()},
		rows:      []row{originAnswers(), originSpeed(), healthChecks(), loadBalancing(), tunnels()},
	}
}

func originAnswers() row {
	overview := zoneLink("cloudflare-zone-overview", "Overview of this zone")
	return row{"What origins answer", []panel{
		perSecond("Answers by status", "Statuses that origins answered. What the cache or the edge answered by itself is not here.",
			`sum by (origin_status) (rate(cloudflare_zone_requests_origin_status_country_host_total{@zone}[$__rate_interval]))`, "{{origin_status}}"),
		share(panel{
			title: "5xx of origins", kind: graph, width: 8, quiet: true, bounds: []float64{0.01, 0.05}, to: overview, about: "Share of an origin's answers with 5xx.",
			queries: []query{{`sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_customer_error_5xx_total{@zone}[$__rate_interval]))
  / sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_requests_origin_status_country_host_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		}),
		share(panel{
			title: "Origin not reached", kind: graph, width: 8, quiet: true, bounds: []float64{0.01, 0.05}, to: overview, about: "Share of requests that the edge answered with 520 to 526 or 530: refused connections, time-outs, TLS or DNS of the origin.",
			queries: []query{{`sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_requests_status_total{@zone, status=~"52[0-6]|530"}[$__rate_interval]))
  / sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_requests_status_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		}),
		{
			title: "Hosts with 5xx", kind: bars, unit: "short", width: 12, quiet: true, about: "Answers of origins with 5xx of the time range, by host and status, the ten with the most.",
			queries: []query{{`topk(10, sum by (host, status) (increase(cloudflare_zone_customer_error_5xx_total{@zone}[$__range])) > 0)`, "{{host}} {{status}}"}},
		},
		{
			title: "Hosts with 4xx", kind: bars, unit: "short", width: 12, quiet: true, about: "Answers of origins with 4xx of the time range, by host and status, the ten with the most.",
			queries: []query{{`topk(10, sum by (host, status) (increase(cloudflare_zone_customer_error_4xx_total{@zone}[$__range])) > 0)`, "{{host}} {{status}}"}},
		},
	}}
}

func originSpeed() row {
	return row{"How fast origins are", []panel{
		seconds("Response time", 8, "Time that the origin took to answer. Of several hosts, the slowest one's quantile.",
			query{`max by (quantile) (cloudflare_zone_hostname_origin_response_duration_seconds{@zone})`, "{{quantile}}"}),
		seconds("Response time by host", 8, "The 95th percentile of each host.",
			query{`max by (host) (cloudflare_zone_hostname_origin_response_duration_seconds{@zone, quantile="P95"})`, "{{host}}"}),
		seconds("Response time of cache misses", 8, "Average of requests that missed the cache, of each host the country with the longest.",
			query{`max by (host) (cloudflare_zone_cache_miss_origin_duration_seconds{@zone})`, "{{host}}"}),
	}}
}

func healthChecks() row {
	return row{"Health checks", []panel{
		{
			title: "Checks by result", kind: graph, unit: "cps", width: 8, stacked: true, about: "Standalone health checks.",
			queries: []query{{`sum by (fqdn, health_status) (rate(cloudflare_zone_health_check_events_origin_total{@zone}[$__rate_interval]))`, "{{fqdn}} {{health_status}}"}},
		},
		{
			title: "Failures by reason", kind: graph, unit: "cps", width: 8, stacked: true, quiet: true, about: "Health checks that failed, and why.",
			queries: []query{{`sum by (fqdn, failure_reason) (rate(cloudflare_zone_health_check_events_origin_total{@zone, health_status=~"(?i)unhealthy"}[$__rate_interval]))`, "{{fqdn}} {{failure_reason}}"}},
		},
		seconds("Times of health checks", 8, "Averages, of each origin the longest: round trip, connection, TLS handshake, first byte.",
			query{`max by (fqdn) (cloudflare_zone_health_check_rtt_seconds{@zone})`, "{{fqdn}} round trip"},
			query{`max by (fqdn) (cloudflare_zone_health_check_tcp_connection_seconds{@zone})`, "{{fqdn}} connection"},
			query{`max by (fqdn) (cloudflare_zone_health_check_tls_handshake_seconds{@zone})`, "{{fqdn}} TLS"},
			query{`max by (fqdn) (cloudflare_zone_health_check_ttfb_seconds{@zone})`, "{{fqdn}} first byte"}),
	}}
}

func loadBalancing() row {
	healthy := []float64{0.5, 1}
	return row{"Load balancing", []panel{
		perSecond("Requests by pool", "Requests that load balancers sent to pools.", `sum by (lb_name, pool_name) (rate(cloudflare_zone_pool_requests_total{@zone}[$__rate_interval]))`, "{{lb_name}} → {{pool_name}}"),
		perSecond("Requests by origin", "Requests that load balancers sent to origins.", `sum by (pool_name, origin_name) (rate(cloudflare_zone_pool_requests_total{@zone}[$__rate_interval]))`, "{{pool_name}} / {{origin_name}}"),
		seconds("Round trip to pools", 8, "Average, of load balancers that steer by it (dynamic latency).",
			query{`max by (lb_name, pool_name) (cloudflare_zone_lb_pool_rtt_seconds{@zone})`, "{{lb_name}} → {{pool_name}}"}),
		{
			title: "Pools", kind: graph, unit: "short", width: 8, about: "1 where a load balancer took the pool for healthy, 0 otherwise; only pools that traffic was sent to.",
			queries: []query{{`min by (lb_name, pool_name) (cloudflare_zone_pool_health_status{@zone})`, "{{lb_name}} → {{pool_name}}"}},
		},
		{
			title: "Origins of pools", kind: table, unit: "short", width: 8, value: "healthy", bounds: healthy, lowIsBad: true, about: "1 where most data centres that check an origin find it healthy, 0 otherwise; the unhealthy on top.",
			queries: []query{{`sort(min by (cloudflare_account_name, pool_name, origin_name, ip) (cloudflare_pool_origin_health_status{@account}))`, ""}},
		},
		{
			title: "Weights and steering", kind: table, unit: "short", width: 8, value: "weight", about: "Weight of each origin in the pools of load balancers. Origins that are switched off have none.",
			queries: []query{{`max by (cloudflare_zone_name, lb_name, pool_name, origin_name) (cloudflare_zone_lb_origin_weight{@zone})`, ""}},
		},
		{
			title: "Origins selected", kind: graph, unit: "short", width: 12, about: "Largest number of origins selected for a request.",
			queries: []query{{`max by (lb_name, pool_name) (cloudflare_zone_lb_origins_selected{@zone})`, "{{lb_name}} → {{pool_name}}"}},
		},
		{
			title: "Steering policies", kind: graph, unit: "short", width: 12, about: "1 for each policy that a load balancer used.",
			queries: []query{{`max by (lb_name, policy) (cloudflare_zone_lb_steering_policy_info{@zone})`, "{{lb_name}}: {{policy}}"}},
		},
	}}
}

func tunnels() row {
	return row{"Tunnels", []panel{
		{
			title: "Health of tunnels", kind: table, unit: "short", width: 8, value: "healthy", bounds: []float64{0.5, 1}, lowIsBad: true, about: "Tunnels of cloudflared: 1 healthy, 0.5 degraded, 0 down or never run.",
			queries: []query{{`sort(min by (cloudflare_account_name, tunnel_name, tunnel_id) (cloudflare_tunnel_health_status{@account}))`, ""}},
		},
		{
			title: "Connectors", kind: graph, unit: "short", width: 8, about: "Running cloudflared processes of each tunnel that are connected.",
			queries: []query{{`sum by (tunnel_name) (cloudflare_tunnel_connectors{@account} * on (instance, tunnel_id) group_left (tunnel_name) cloudflare_tunnel_info{@account})`, "{{tunnel_name}}"}},
		},
		{
			title: "Connections by data centre", kind: graph, unit: "short", width: 8, stacked: true, about: "Connections of cloudflared to Cloudflare.",
			queries: []query{{`sum by (colo) (cloudflare_tunnel_connections{@account})`, "{{colo}}"}},
		},
	}}
}
