// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	promapi "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// everything is a collector with both receivers, of which everything goes wrong that can, beside what goes well: a
// receiver without zones, one whose metrics reach their limit, exporters that reach nobody, an intake with little room.
const everything = `yaml:
receivers:
  cloudflaremetrics:
    collection_interval: 4s
    delay: 0s
    lookback: 10m
    max_backfill: 1h
    inventory: {refresh: 1s}
    accounts: {include: ["Example Account 1"]}
    datasets: {pool_health: {interval: 1s}}
  cloudflaremetrics/none: &other
    collection_interval: 4s
    api_token: ${env:SIMULATOR_TOKEN}
    http: {endpoint: "http://127.0.0.1:${env:SIMULATOR_PORT}/client/v4"}
    rate_limit: {graphql: {requests: 100000, per: 1m}, rest: {requests: 100000, per: 1m}}
    accounts: {include: [none]}
  cloudflaremetrics/small:
    <<: *other
    delay: 0s
    max_backfill: 1h
    accounts: {include: ["Example Account 2"]}
    series_limit: 20
  workersmetrics:
    collection_interval: 4s
    series_limit: 20
    idempotency: {max_keys: 1}
exporters:
  otlp_http/away:
    endpoint: http://127.0.0.1:1
    retry_on_failure: {enabled: false}
  otlp_http/full:
    endpoint: http://127.0.0.1:1
    sending_queue: {queue_size: 1, num_consumers: 1}
service:
  pipelines:
    metrics/others: {receivers: [cloudflaremetrics/none, cloudflaremetrics/small], processors: [memory_limiter], exporters: [prometheus]}
    metrics/away: {receivers: [cloudflaremetrics/none], processors: [memory_limiter], exporters: [otlp_http/away, otlp_http/full]}
`

// pushes are what the example Workers push, once more each time; the last of them more label sets than there is room for.
var pushes = []string{
	`# TYPE http_requests_total counter
http_requests_total{method="GET",route="/",status="200"} 5
http_requests_total{method="GET",route="/items/[id]",status="503"} 1
# TYPE http_request_duration_ms histogram
http_request_duration_ms_bucket{route="/",le="5"} 1
http_request_duration_ms_bucket{route="/",le="50"} 4
http_request_duration_ms_bucket{route="/",le="+Inf"} 5
http_request_duration_ms_sum{route="/"} 80
http_request_duration_ms_count{route="/"} 5
# TYPE item_views_total counter
item_views_total{shop="main"} 3
# TYPE worker_requests_total counter
worker_requests_total{country="DE"} 1
`,
	`# TYPE do_alarm_total counter
do_alarm_total{do_class="Tally"} 2
# TYPE do_alarm_errors_total counter
do_alarm_errors_total{do_class="Tally"} 1
# TYPE do_alarm_duration_ms histogram
do_alarm_duration_ms_bucket{do_class="Tally",le="100"} 1
do_alarm_duration_ms_bucket{do_class="Tally",le="+Inf"} 2
do_alarm_duration_ms_sum{do_class="Tally"} 300
do_alarm_duration_ms_count{do_class="Tally"} 2
`,
	`# TYPE llm_requests_total counter
llm_requests_total{model="m",stage="chat",outcome="ok"} 3
llm_requests_total{model="m",stage="chat",outcome="error"} 1
# TYPE llm_tokens_total counter
llm_tokens_total{model="m",stage="chat",direction="input"} 300
llm_tokens_total{model="m",stage="chat",direction="output"} 90
# TYPE llm_cost_dollars_total counter
llm_cost_dollars_total{model="m",stage="chat"} 0.02
# TYPE llm_duration_ms histogram
llm_duration_ms_bucket{model="m",stage="chat",le="1000"} 3
llm_duration_ms_bucket{model="m",stage="chat",le="+Inf"} 4
llm_duration_ms_sum{model="m",stage="chat"} 4000
llm_duration_ms_count{model="m",stage="chat"} 4
`,
	"# TYPE visits_total counter\n" + strings.Join(slices.Collect(func(yield func(string) bool) {
		for n := range 30 {
			if !yield("visits_total{path=\"/" + strconv.Itoa(n) + "\"} 1") {
				return
			}
		}
	}), "\n") + "\n",
}

// conflicting pushes a gauge by the name of a counter.
const conflicting = `{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
	"scopeMetrics":[{"metrics":[{"name":"item_views_total","gauge":{"dataPoints":[{"timeUnixNano":"1","asDouble":1}]}}]}]}]}`

// unseen are panels and alerts that nothing within two minutes can show; promtool's tests have the alerts.
var unseen = []string{
	"Cloudflare / Receivers: Late events", "CloudflareEventsLate", // are measured an hour later
}

// watched is everything at once: a Cloudflare whose clock can be turned, a collector and a Prometheus with all rules.
type watched struct {
	*world
	*deployment
	prometheus *prometheusServer
	// late is how far the simulated clock is behind, in nanoseconds.
	late atomic.Int64
	// pending are the expressions that have not had data yet, and alerts the names of those that have not fired.
	pending []expression
	alerts  map[string]bool
}

// Every expression of every panel has data, and every alert fires when what it is about happens, in a real Prometheus with
// a real collector. While a backlog is read, no alert on counters does.
func TestDashboardsAndRulesLive(t *testing.T) {
	t.Parallel()
	o := observe(t)
	i, pushing := o.intake(1), sync.WaitGroup{}
	pushing.Go(func() { pushForever(t.Context(), i) })
	t.Cleanup(pushing.Wait)

	// Thirteen hours behind, and then half an hour is read at once, with what went wrong in it.
	o.expectAlerts(t, "CloudflareDataStale", "CloudflareDataLossNear")
	o.prometheus.eventually(t, `cloudflare_zone_requests_status_total{status="522"} > 0`, some)
	o.late.Add(-int64(30 * time.Minute))
	o.prometheus.eventually(t, `family:cloudflare_exporter_fresh:bool == 0`, some)
	o.prometheus.eventually(t, `zone:cloudflare_zone_edge_5xx:ratio_rate10m > 0.05 and zone:cloudflare_zone_requests:rate10m > 0.1`, some)
	firing := o.firing(t)
	for _, name := range guardedAlerts(t) {
		assert.NotContains(t, firing, name, "a backlog pages somebody")
	}

	// Of what is left, all but an hour is too old to be asked for.
	o.late.Store(0)
	o.expectAlerts(t, append(guardedAlerts(t), "CloudflareDataLost")...)
	o.expectData(t, func(e expression) bool { return !e.quiet })

	broken := simulator.Fault{ServerErrorRate: 1}
	o.sim.SetFaults(simulator.Faults{REST: broken, GraphQL: broken})
	o.expectAlerts(t, "CloudflareReceiverFailing", "CloudflareAPIErrors")
	revoked := simulator.Fault{Unauthorized: true}
	o.sim.SetFaults(simulator.Faults{REST: revoked, GraphQL: revoked})
	o.expectAlerts(t, "CloudflareTokenRefused")
	o.expectData(t, func(e expression) bool { return !slices.Contains(unseen, e.where) })
	o.expectHealthyRules(t)

	o.current.Terminate()
	o.expectAlerts(t, "CloudflareDataAbsent", "CloudflareCollectorDown")
	for name := range o.alerts {
		assert.Contains(t, unseen, name, "never fired")
	}
}

func observe(t *testing.T) *watched {
	t.Helper()
	executable(t)
	o := &watched{alerts: map[string]bool{}, pending: append(panelExpressions(t), variableExpressions(t)...)}
	o.late.Store(int64(13 * time.Hour))
	o.world = o.newTroubledWorld(t)
	o.deployment = deploy(t, o.world, shipped("collector-prometheus.yaml"), shipped("collector-workers.yaml"), shipped("simulator.yaml"), everything)
	o.env["WORKERS_METRICS_TOKEN"] = testToken
	o.env["WORKERS_ENDPOINT"] = "127.0.0.1:" + strconv.Itoa(freePort(t))
	o.env["WORKERS_METRICS_PORT"] = strconv.Itoa(freePort(t))
	for _, r := range rules(t) {
		if r.Alert != "" {
			o.alerts[r.Alert] = true
		} else {
			o.pending = append(o.pending, expression{where: r.Record, text: r.Record, quiet: true})
		}
	}
	config := strings.NewReplacer(
		"127.0.0.1:9465", "127.0.0.1:"+o.env["WORKERS_METRICS_PORT"],
		"127.0.0.1:8889", "127.0.0.1:"+o.env["TELEMETRY_PORT"],
		"global:", "global:\n  evaluation_interval: 1s",
	).Replace(shippedPrometheus(t, o.deployment))
	root, err := filepath.Abs(repository)
	require.NoError(t, err)
	config = strings.ReplaceAll(config, root+"/dashboards/rules", hastyRules(t))
	o.prometheus = startPrometheus(t, config) // first, so that it sees the zeros with which series begin
	o.startTaking()
	return o
}

// newTroubledWorld has a zone with certificates of each kind, one of which has an origin that often does not answer, a
// pool that is down, and answers that are soon too long.
func (o *watched) newTroubledWorld(t *testing.T) *world {
	t.Helper()
	begin := time.Now().Add(-15 * time.Hour).Truncate(time.Minute)
	config := simulator.Config{
		Seed: worldSeed, Begin: begin, EventsPerMinute: 20,
		Clock:  func() time.Time { return time.Now().Add(-time.Duration(o.late.Load())) },
		Limits: simulator.Limits{PageSize: 200},
	}
	config.Accounts = troubledAccounts(t, config)
	w := openWorld(t, config)
	w.sim.FailPool(w.sim.Pools(config.Accounts[0].ID)[0].ID)
	return w
}

// troubledAccounts are one with zones of which each has another kind of certificate pack, and one with a single zone.
func troubledAccounts(t *testing.T, config simulator.Config) []simulator.Account {
	t.Helper()
	config.Accounts = simulator.DefaultLayout(1, 20)
	sim, err := simulator.New(config)
	require.NoError(t, err)
	defer sim.Close()
	accounts := simulator.DefaultLayout(2, 1)
	accounts[1].Zones = simulator.DefaultLayout(1, 21)[0].Zones[20:]
	accounts[0].Zones = nil
	seen := map[string]bool{}
	for _, z := range config.Accounts[0].Zones {
		packs := sim.CertificatePacks(z.ID)
		if status := packs[len(packs)-1].Status; !seen[status] {
			seen[status] = true
			accounts[0].Zones = append(accounts[0].Zones, z)
		}
	}
	require.Len(t, accounts[0].Zones, 3)
	accounts[0].Zones[0].Unreachable = 0.3
	return accounts
}

// hastyRules are the rules that are shipped, in a directory of their own, such that alerts fire as soon as their
// expression has data, and what has to be fresh for 15 minutes has to be so for 15 seconds.
func hastyRules(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, file := range ruleFiles(t) {
		for g, group := range file.Groups {
			for r := range group.Rules {
				rule := &file.Groups[g].Rules[r]
				rule.For, rule.KeepFiringFor = "", ""
				if group.Name == "cloudflare-freshness" {
					rule.Expr = hasten(t, rule.Expr)
				}
			}
		}
		text, err := yaml.Marshal(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	return dir
}

// pushForever pushes until the test has ended, with what is not taken among it.
func pushForever(ctx context.Context, i *intake) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		for _, text := range pushes {
			_, _ = i.do(ctx, http.MethodPost, "/metrics/job/shop", text) // fails once the collector has ended
		}
		_, _ = i.do(ctx, http.MethodPost, "/v1/metrics", conflicting, "Content-Type", jsonType)
		_, _ = i.do(ctx, http.MethodPatch, "/metrics/item_views_total?job=shop&shop=main", "", "Idempotency-Key", strconv.Itoa(n))
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// guardedAlerts are those on counters, which only hold while counting is fresh.
func guardedAlerts(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, r := range rules(t) {
		if r.Alert != "" && r.Alert != "CloudflarePoolUnhealthy" && strings.Contains(r.Expr, "family:cloudflare_exporter_fresh:bool") {
			names = append(names, r.Alert)
		}
	}
	require.Len(t, names, 6)
	return names
}

func some(samples []sample) bool { return len(samples) > 0 }

// firing are the alerts that fire now, those on the receivers left out in which something is wrong all the time.
func (o *watched) firing(t require.TestingT) []string {
	samples, err := o.prometheus.evaluate(`ALERTS{alertstate="firing"}`, time.Now())
	require.NoError(t, err)
	var names []string
	for _, s := range samples {
		delete(o.alerts, s.labels["alertname"])
		if !strings.HasPrefix(s.labels["instance"], "cloudflaremetrics/") {
			names = append(names, s.labels["alertname"])
		}
	}
	return names
}

// expectAlerts waits until all of these fire at once.
func (o *watched) expectAlerts(t *testing.T, names ...string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Subset(c, o.firing(c), names)
	}, 3*time.Minute, 500*time.Millisecond, "alerts fire: %v", names)
}

// expectData waits until all expressions of a kind have had data since the begin.
func (o *watched) expectData(t *testing.T, wanted func(expression) bool) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		o.pending = slices.DeleteFunc(o.pending, func(e expression) bool { return o.prometheus.hasData(c, e.text) })
		for _, e := range o.pending {
			assert.False(c, wanted(e), "%s has no data: %s", e.where, e.text)
		}
	}, 2*time.Minute, time.Second, "every panel has data")
}

// hasData tells whether an expression gives anything that can be drawn.
func (p *prometheusServer) hasData(t assert.TestingT, expr string) bool {
	samples, err := p.evaluate(expr, time.Now())
	return assert.NoError(t, err, expr) && slices.ContainsFunc(samples, func(s sample) bool { return !math.IsNaN(s.value) })
}

// expectHealthyRules asks Prometheus whether each rule can be evaluated and each annotation be made.
func (o *watched) expectHealthyRules(t *testing.T) {
	t.Helper()
	client, err := api.NewClient(api.Config{Address: o.prometheus.url(), RoundTripper: &http.Transport{DisableKeepAlives: true}})
	require.NoError(t, err)
	result, err := promapi.NewAPI(client).Rules(t.Context(), nil)
	require.NoError(t, err)
	count := 0
	for _, group := range result.Groups {
		for _, rule := range group.Rules {
			count++
			switch r := rule.(type) {
			case promapi.RecordingRule:
				assert.EqualValues(t, promapi.RuleHealthGood, r.Health, "%s: %s", r.Name, r.LastError)
			case promapi.AlertingRule:
				assert.EqualValues(t, promapi.RuleHealthGood, r.Health, "%s: %s", r.Name, r.LastError)
				for _, alert := range r.Alerts {
					for _, text := range alert.Annotations {
						assert.NotContains(t, string(text), "<no value>", r.Name)
						assert.NotContains(t, string(text), "<error", r.Name)
						assert.NotContains(t, string(text), "{{", r.Name)
					}
				}
			}
		}
	}
	assert.Len(t, rules(t), count)
}
