// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

func security() dashboard {
	return dashboard{
		uid: "cloudflare-security", title: "Security",
		about:     "Firewall events, threats, bots, encryption and certificates of zones, from the receiver cloudflaremetrics.",
		variables: []variable{accountVariable(), zoneVariable()},
		rows:      []row{firewall(), threats(), encryption()},
	}
}

func firewall() row {
	events := func(title, about, label string) panel {
		return panel{
			title: title, kind: graph, unit: "eps", width: 8, stacked: true, about: about,
			queries: []query{{`sum by (` + label + `) (rate(cloudflare_zone_firewall_events_total{@zone}[$__rate_interval]))`, "{{" + label + "}}"}},
		}
	}
	top := func(title, about, labels, legend string) panel {
		return largest(title, "short", about, `sum by (`+labels+`) (increase(cloudflare_zone_firewall_events_total{@zone}[$__range]))`, legend)
	}
	zones := events("Events by zone", "Which zone is attacked.", "cloudflare_zone_name")
	zones.to = zoneLink("cloudflare-zone-overview", "Overview of this zone")
	zones.queries[0].expr = `sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_firewall_events_total{@zone}[$__rate_interval]))`
	return row{"Firewall", []panel{
		events("Events by action", "What was done with requests that a security product matched: block, challenge, log …", "action"),
		events("Events by product", "Which product matched: managed rules, custom rules, rate limits, bots …", "source"),
		zones,
		top("Rules", "Events of the time range, the ten rules with the most. A rule has its name where the token may read rulesets, otherwise its id.", "rule, action", "{{rule}}: {{action}}"),
		top("Countries", "Events of the time range, the ten countries with the most.", "country", "{{country}}"),
		top("Hosts", "Events of the time range, the ten hosts with the most.", "host", "{{host}}"),
	}}
}

func threats() row {
	return row{"Threats and bots", []panel{
		{
			title: "Threats by zone", kind: graph, unit: "reqps", width: 8, about: "Requests that Cloudflare took for threats.", to: zoneLink("cloudflare-zone-overview", "Overview of this zone"),
			queries: []query{{`sum by (cloudflare_account_name, cloudflare_zone_name) (rate(cloudflare_zone_threats_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		},
		perSecond("Threats by kind", "What was wrong with them, in Cloudflare's words.", `sum by (type) (rate(cloudflare_zone_threats_type_total{@zone}[$__rate_interval]))`, "{{type}}"),
		largest("Threats by country", "short", "Threats of the time range, the ten countries with the most.", `sum by (country) (increase(cloudflare_zone_threats_country_total{@zone}[$__range]))`, "{{country}}"),
		{
			title: "Bots that met the firewall", kind: graph, unit: "eps", width: 8, stacked: true, about: "Firewall events with a bot score below 30, by range of the score and what found it.",
			queries: []query{{`sum by (bot_score, detection_source) (rate(cloudflare_zone_firewall_bots_detected_total{@zone}[$__rate_interval]))`, "{{bot_score}} {{detection_source}}"}},
		},
		largest("Bots by country", "short", "Requests of the time range with a bot score below 30.", `sum by (country) (increase(cloudflare_zone_bot_requests_country_total{@zone}[$__range]))`, "{{country}}"),
		perSecond("Requests by class of address", "Cloudflare's class of the client's address: clean, scan, tor, searchEngine …", `sum by (ip_type) (rate(cloudflare_zone_requests_ip_class_total{@zone}[$__rate_interval]))`, "{{ip_type}}"),
		{
			title: "Refused at the edge", kind: graph, unit: "reqps", width: 8, quiet: true, about: "Answers 401, 403, 429 and 451 by zone: what rules, rate limits and access refuse, or the origin itself.",
			queries: []query{{`sum by (cloudflare_zone_name, status) (rate(cloudflare_zone_requests_status_total{@zone, status=~"401|403|429|451"}[$__rate_interval]))`, "{{cloudflare_zone_name}} {{status}}"}},
		},
		{
			title: "Network attacks dropped", kind: graph, unit: "bps", width: 8, quiet: true, about: "Bits that the DDoS protection of an account's networks dropped.",
			queries: []query{{`sum by (cloudflare_account_name) (rate(cloudflare_network_analytics_dosd_bits_total{@account, outcome="drop"}[$__rate_interval]))`, "{{cloudflare_account_name}}"}},
		},
	}}
}

func encryption() row {
	return row{"Encryption and certificates", []panel{
		outOfAll(panel{
			title: "Encrypted requests", kind: graph, width: 8, about: "Share of requests over TLS.",
			queries: []query{{`sum by (cloudflare_zone_name) (rate(cloudflare_zone_requests_ssl_encrypted_total{@zone}[$__rate_interval]))
  / sum by (cloudflare_zone_name) (rate(cloudflare_zone_requests_total{@zone}[$__rate_interval]))`, "{{cloudflare_zone_name}}"}},
		}),
		perSecond("Requests by TLS version", "Versions that clients use. none is plain HTTP.", `sum by (ssl_protocol) (rate(cloudflare_zone_requests_ssl_protocol_total{@zone}[$__rate_interval]))`, "{{ssl_protocol}}"),
		{
			title: "Certificates by status", kind: graph, unit: "short", width: 8, about: "Edge certificates by the status of their pack.",
			queries: []query{{`sum by (status) (cloudflare_zone_certificate_status{@zone})`, "{{status}}"}},
		},
		{
			title: "Certificates", kind: table, unit: "s", width: 24, value: "time left", bounds: []float64{3 * 86400, 14 * 86400}, lowIsBad: true,
			about:   "Time until each edge certificate ends, the first to end on top. Cloudflare renews its own about 30 days before.",
			queries: []query{{`sort(min by (cloudflare_account_name, cloudflare_zone_name, host, type, issuer, status, certificate_id) (cloudflare_zone_certificate_expiry_seconds{@zone}) - time())`, ""}},
		},
	}}
}
