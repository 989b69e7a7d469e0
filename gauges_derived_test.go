// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// The gauges whose documentation is prose are computed here anew from the simulator's truth, by that prose.

// also enables metrics that are not by default.
func also(t *testing.T, metrics ...string) func(*Config) {
	t.Helper()
	settings := map[string]any{}
	for _, m := range metrics {
		settings[m] = map[string]any{"enabled": true}
	}
	return func(c *Config) {
		require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(&c.MetricsBuilderConfig.Metrics))
	}
}

// derivedMetrics are the gauges that are derived from datasets, not from lists.
func (w *world) derivedMetrics() []string {
	w.t.Helper()
	var gauges []string
	for _, m := range catalogued(w.t) {
		if m.Kind == dataset.Gauge {
			gauges = append(gauges, m.Name)
		}
	}
	return slices.DeleteFunc(w.documented.Derived(), func(m string) bool { return !slices.Contains(gauges, m) })
}

// share is a gauge that is a part of all.
type share struct {
	metric, dataset, measure, whole string
	part, all                       map[string]any
	dimensions                      [][2]string // and the attributes that they become
	unless                          string
}

func number(n string) json.Number { return json.Number(n) }

func shares() []share {
	const adaptive = "httpRequestsAdaptiveGroups"
	eyeball := map[string]any{"requestSource": "eyeball"}
	with := func(more map[string]any) map[string]any {
		maps.Copy(more, eyeball)
		return more
	}
	failed := with(map[string]any{"edgeResponseStatus_geq": number("400"), "edgeResponseStatus_lt": number("600")})
	return []share{
		{metric: "cloudflare.zone.cache_hit_ratio", dataset: "httpRequests1mGroups", measure: "sum.cachedRequests", whole: "sum.requests"},
		{
			metric: "cloudflare.zone.cache_hit_ratio", dataset: adaptive, unless: "httpRequests1mGroups",
			part: with(map[string]any{"cacheStatus_in": []any{"hit", "stale", "updating", "revalidated"}}), all: eyeball,
		},
		{metric: "cloudflare.zone.edge_error_rate", dataset: adaptive, part: failed, all: eyeball},
		{
			metric: "cloudflare.zone.hostname.error_rate", dataset: adaptive, part: failed, all: eyeball,
			dimensions: [][2]string{{"clientRequestHTTPHost", "host"}},
		},
		{
			metric: "cloudflare.zone.origin_error_rate", dataset: adaptive,
			part: with(map[string]any{"originResponseStatus_geq": number("500")}), all: with(map[string]any{"originResponseStatus_neq": number("0")}),
		},
	}
}

// distribution is a gauge of quantiles.
type distribution struct {
	metric, scope, dataset, field string
	quantiles                     []string
	divisor                       float64
	where                         map[string]any
	dimensions                    [][2]string
}

func distributions() []distribution {
	const adaptive, workers = "httpRequestsAdaptiveGroups", "workersInvocationsAdaptive"
	requests, invocations := []string{"P50", "P95", "P99"}, []string{"P50", "P75", "P99", "P999"}
	eyeball, host := map[string]any{"requestSource": "eyeball"}, [2]string{"clientRequestHTTPHost", "host"}
	script := [][2]string{{"scriptName", "script_name"}, {"status", "status"}}
	return []distribution{
		{"cloudflare.zone.hostname.edge_ttfb", "zone", adaptive, "edgeTimeToFirstByteMs", requests, 1000, eyeball, [][2]string{host}},
		{"cloudflare.zone.hostname.origin_response_duration", "zone", adaptive, "originResponseDurationMs", requests, 1000, eyeball, [][2]string{host}},
		{
			"cloudflare.zone.origin_response_duration.quantiles", "zone", adaptive, "originResponseDurationMs", requests, 1000,
			map[string]any{"requestSource": "eyeball", "originResponseStatus_neq": number("0")},
			[][2]string{{"originResponseStatus", "origin_status"}, {"clientCountryName", "country"}, host},
		},
		{"cloudflare.worker.cpu_time", "account", workers, "cpuTime", invocations, 1e6, nil, script},
		{"cloudflare.worker.wall_time", "account", workers, "wallTime", invocations, 1e6, nil, script},
		{"cloudflare.worker.invocation.duration.gigabyte_seconds", "account", workers, "duration", invocations, 1, nil, script},
		{
			"cloudflare.zone.dns.processing_time", "zone", "dnsAnalyticsAdaptiveGroups", "processingTimeUs",
			[]string{"P50", "P90", "P99"},
			1e6, nil,
			[][2]string{{"queryType", "query_type"}, {"responseCode", "response_code"}},
		},
	}
}

// derivedGauges is what they must stand at.
func (w *world) derivedGauges() map[oracle.Series]float64 {
	w.t.Helper()
	return w.derivedGaugesOf(w.newest(time.Minute))
}

func (w *world) derivedGaugesOf(from, to time.Time) map[oracle.Series]float64 {
	w.t.Helper()
	d := derivation{w, from, to, map[oracle.Series]float64{}}
	for _, s := range shares() {
		d.share(s)
	}
	for _, q := range distributions() {
		for _, name := range q.quantiles {
			g := simulator.Grouping{Scope: q.scope, Dataset: q.dataset, Measure: "quantiles." + q.field + name, Where: q.where}
			for _, t := range d.totals(g, q.dimensions) {
				d.gauges[series(q.metric, t, q.dimensions, "quantile", name)] = t.Value / q.divisor
			}
		}
	}
	d.pools()
	d.tunnels()
	metrics := w.derivedMetrics()
	maps.DeleteFunc(d.gauges, func(s oracle.Series, _ float64) bool { return !slices.Contains(metrics, s.Metric) })
	return d.gauges
}

// derivation computes gauges of one granule.
type derivation struct {
	*world
	from, to time.Time
	gauges   map[oracle.Series]float64
}

func (d *derivation) totals(g simulator.Grouping, dimensions [][2]string) []simulator.Total {
	d.t.Helper()
	for _, pair := range dimensions {
		g.Dimensions = append(g.Dimensions, pair[0])
	}
	totals, err := d.sim.Truth(d.from, d.to, g)
	require.NoError(d.t, err)
	return totals
}

// series is a gauge of a total's scope with the attributes that its dimensions become, and more.
func series(metric string, t simulator.Total, dimensions [][2]string, more ...string) oracle.Series {
	set := map[string]string{}
	for _, pair := range dimensions {
		set[pair[1]] = t.Dimensions[pair[0]]
	}
	for i := 0; i < len(more); i += 2 {
		set[more[i]] = more[i+1]
	}
	return oracle.Series{Metric: metric, Scope: t.ID, Attributes: oracle.Attributes(set)}
}

func (d *derivation) share(s share) {
	d.t.Helper()
	if s.measure == "" {
		s.measure, s.whole = "count", "count"
	}
	part := map[oracle.Series]float64{}
	for _, t := range d.totals(simulator.Grouping{Scope: "zone", Dataset: s.dataset, Measure: s.measure, Where: s.part, Unless: s.unless}, s.dimensions) {
		part[series(s.metric, t, s.dimensions)] = t.Value
	}
	for _, t := range d.totals(simulator.Grouping{Scope: "zone", Dataset: s.dataset, Measure: s.whole, Where: s.all, Unless: s.unless}, s.dimensions) {
		of := series(s.metric, t, s.dimensions)
		d.gauges[of] = part[of] / t.Value
	}
}

// pools computes what load balancers tell of pools. One that was found unhealthy by any request of the minute is.
func (d *derivation) pools() {
	d.t.Helper()
	by := [][2]string{{"lbName", "lb_name"}, {"selectedPoolName", "pool_name"}}
	requests := simulator.Grouping{Scope: "zone", Dataset: "loadBalancingRequestsAdaptiveGroups", Measure: "count"}
	rtt, timed := map[oracle.Series]float64{}, map[oracle.Series]float64{}
	for _, t := range d.totals(requests, slices.Concat(by, [][2]string{
		{"selectedPoolHealthy"}, {"selectedPoolAvgRttMs"}, {"numberOriginsSelected"}, {"steeringPolicy"},
	})) {
		health := series("cloudflare.zone.pool.health_status", t, by)
		if _, seen := d.gauges[health]; !seen {
			d.gauges[health] = 1
		}
		d.gauges[health] = min(d.gauges[health], d.float(t.Dimensions["selectedPoolHealthy"]))
		selected := series("cloudflare.zone.lb.origins_selected", t, by)
		d.gauges[selected] = max(d.gauges[selected], d.float(t.Dimensions["numberOriginsSelected"]))
		if ms := d.float(t.Dimensions["selectedPoolAvgRttMs"]); ms > 0 {
			s := series("cloudflare.zone.lb.pool_rtt", t, by)
			rtt[s], timed[s] = rtt[s]+ms/1000*t.Value, timed[s]+t.Value
			d.gauges[s] = rtt[s] / timed[s]
		}
		d.gauges[series("cloudflare.zone.lb.steering_policy.info", t, by[:1], "policy", t.Dimensions["steeringPolicy"])] = 1
	}
}

// tunnels computes what health checks tell of tunnels. A tunnel is healthy whose state was 1 whenever it was checked.
func (d *derivation) tunnels() {
	d.t.Helper()
	by := [][2]string{{"tunnelName", "tunnel_name"}, {"siteName", "site_name"}}
	rows := slices.Concat(by, [][2]string{{"resultStatus"}, {"active"}, {"edgeColoName"}})
	checks := simulator.Grouping{Scope: "account", Dataset: "magicTransitTunnelHealthChecksAdaptiveGroups", Measure: "count"}
	states := checks
	states.Measure = "avg.tunnelState"
	state := map[oracle.Series]float64{}
	for _, t := range d.totals(states, rows) {
		state[series("", t, identical(rows))] = t.Value
	}
	sum, count, active := map[oracle.Series]float64{}, map[oracle.Series]float64{}, map[oracle.Series]bool{}
	for _, t := range d.totals(checks, rows) {
		tunnel := series("cloudflare.magic_transit.tunnel.state", t, by)
		sum[tunnel] += t.Value * state[series("", t, identical(rows))]
		count[tunnel] += t.Value
		active[tunnel] = active[tunnel] || t.Dimensions["active"] == "1"
	}
	for tunnel := range sum {
		d.gauges[tunnel] = sum[tunnel] / count[tunnel]
		if sum[tunnel] == count[tunnel] {
			d.gauges[oracle.Series{Metric: "cloudflare.magic_transit.healthy_tunnels", Scope: tunnel.Scope}]++
		}
		if active[tunnel] {
			d.gauges[oracle.Series{Metric: "cloudflare.magic_transit.active_tunnels", Scope: tunnel.Scope}]++
		}
	}
	for _, t := range d.totals(checks, [][2]string{{"edgeColoName"}}) {
		d.gauges[series("cloudflare.magic_transit.edge_colo_count", t, nil)]++
	}
}

// identical makes dimensions attributes by their own names.
func identical(dimensions [][2]string) [][2]string {
	var same [][2]string
	for _, pair := range dimensions {
		same = append(same, [2]string{pair[0], pair[0]})
	}
	return same
}

func (d *derivation) float(text string) float64 {
	d.t.Helper()
	v, err := number(text).Float64()
	require.NoError(d.t, err)
	return v
}
