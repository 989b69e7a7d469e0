// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare/schema"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
)

// vocabulary has the labels of each series there is, by name.
type vocabulary map[string][]string

// identity are the labels of whatever comes from a receiver or a target.
var identity = []string{"job", "instance"}

// resource are those of what belongs to a zone or an account.
var resource = append([]string{
	"cloudflare_account_id", "cloudflare_account_name", "cloudflare_zone_id", "cloudflare_zone_name", "otel_metric_overflow",
}, identity...)

// collectorMetrics are what the Collector has of itself, with the labels that are used here.
var collectorMetrics = vocabulary{
	"otelcol_exporter_sent_metric_points_total":           {"exporter"},
	"otelcol_exporter_send_failed_metric_points_total":    {"exporter"},
	"otelcol_exporter_enqueue_failed_metric_points_total": {"exporter"},
	"otelcol_process_memory_rss_bytes":                    {},
	"otelcol_process_cpu_seconds_total":                   {},
	"up":                                                  {},
}

// pushedMetrics are what the Workers in examples/worker push.
var pushedMetrics = vocabulary{
	"http_requests_total":      {"method", "route", "status"},
	"http_request_duration_ms": {"route", "le"},
	"item_views_total":         {"shop"},
	"worker_requests_total":    {"country"},
	"do_alarm_total":           {"do_class"},
	"do_alarm_errors_total":    {"do_class"},
	"do_alarm_duration_ms":     {"do_class", "le"},
	"llm_requests_total":       {"model", "stage", "outcome"},
	"llm_tokens_total":         {"model", "stage", "direction"},
	"llm_cost_dollars_total":   {"model", "stage"},
	"llm_duration_ms":          {"model", "stage", "le"},
}

// add puts a metric in by the name that Prometheus' own rules give it.
func (v vocabulary) add(t *testing.T, name string, m metadataMetric, more []string) {
	t.Helper()
	translated, err := m.prometheusName(name)
	require.NoError(t, err)
	known := append(slices.Clone(m.Attributes), more...)
	if m.Histogram == nil {
		v[translated] = known
		return
	}
	v.histogram(translated, append(known, "le"))
}

func (v vocabulary) histogram(name string, known []string) {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		v[name+suffix] = known
	}
}

// words are all series that expressions may read: those of both receivers with default settings, of the Collector, of the
// example Workers, and what recording rules make of them.
func words(t *testing.T) vocabulary {
	t.Helper()
	v := vocabulary{}
	for _, dir := range []string{".", filepath.Join("receiver", "workersmetricsreceiver")} {
		d, err := readMetadata(dir, "metadata.yaml")
		require.NoError(t, err)
		for name, m := range d.Metrics {
			if m.Enabled {
				v.add(t, name, m, resource)
			}
		}
		for name, m := range d.Telemetry.Metrics {
			v.add(t, "otelcol_"+name, m, identity)
		}
	}
	for name, known := range collectorMetrics {
		v[name] = append(slices.Clone(known), identity...)
	}
	for name, known := range pushedMetrics {
		known = append(slices.Clone(known), "job")
		if slices.Contains(known, "le") {
			v.histogram(name, known)
		} else {
			v[name] = known
		}
	}
	for _, r := range rules(t) {
		if r.Record != "" {
			v[r.Record] = outputs(parse(t, r.Expr))
		}
	}
	return v
}

// outputs are the labels that an aggregation keeps. Each recording rule has one, or reads series that do.
func outputs(expr parser.Expr) []string {
	var kept []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if a, ok := node.(*parser.AggregateExpr); ok && kept == nil {
			kept = a.Grouping
		}
		return nil
	})
	if kept == nil {
		kept = []string{"job", "metric_family"}
	}
	return kept
}

// Every metric and every label that a panel, a variable or a rule reads is one that there is.
func TestExpressionsReadWhatExists(t *testing.T) {
	t.Parallel()
	all := append(panelExpressions(t), variableExpressions(t)...)
	for _, r := range rules(t) {
		all = append(all, expression{where: r.name(), text: r.Expr})
	}
	v := words(t)
	for _, e := range all {
		v.assertKnown(t, e)
	}
}

func (v vocabulary) assertKnown(t *testing.T, e expression) {
	t.Helper()
	expr := parse(t, e.text)
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			for _, name := range v.selected(n) {
				known, ok := v[name]
				assert.True(t, ok, "%s reads %s, which nobody writes", e.where, name)
				for _, m := range n.LabelMatchers {
					assert.True(t, m.Name == model.MetricNameLabel || slices.Contains(known, m.Name), "%s: %s has no label %s", e.where, name, m.Name)
				}
			}
		case *parser.AggregateExpr:
			below := v.below(n.Expr)
			for _, name := range n.Grouping {
				assert.Contains(t, below, name, "%s groups by a label that is not there: %s", e.where, n)
			}
		}
		return nil
	})
}

// selected are the names that a selector stands for: one, or all that a regular expression matches.
func (v vocabulary) selected(s *parser.VectorSelector) []string {
	if s.Name != "" {
		return []string{s.Name}
	}
	var names []string
	for _, m := range s.LabelMatchers {
		for name := range v {
			if m.Name == model.MetricNameLabel && m.Matches(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// below are the labels of all series that an expression reads.
func (v vocabulary) below(expr parser.Expr) []string {
	var all []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			for _, name := range v.selected(s) {
				all = append(all, v[name]...)
			}
		}
		return nil
	})
	return all
}

// The names of pushed metrics and their labels are those of the examples.
func TestPushedMetricsAreThoseOfTheExamples(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	require.NoError(t, filepath.WalkDir(filepath.Join(repository, "examples", "worker"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == "node_modules" {
			return err
		}
		if extension := filepath.Ext(path); extension == ".ts" || extension == ".js" {
			content, err := os.ReadFile(path)
			text.Write(content)
			return err
		}
		return nil
	}))
	for name, known := range pushedMetrics {
		assert.Contains(t, text.String(), `"`+name+`"`, "no example pushes it")
		for _, label := range known {
			assert.True(t, label == "le" || regexp.MustCompile(`\b`+label+`\b`).MatchString(text.String()), "%s{%s}", name, label)
		}
	}
}

// A condition of an alert on counters holds only while the counters' own family is fresh.
func TestAlertsAreGuarded(t *testing.T) {
	t.Parallel()
	sources := counterFamilies(t)
	recorded := map[string]parser.Expr{}
	for _, r := range rules(t) {
		if r.Record != "" {
			recorded[r.Record] = parse(t, r.Expr)
		}
	}
	guarded := 0
	for _, group := range ruleFiles(t)["cloudflare-alerts.yaml"].Groups {
		for _, r := range group.Rules {
			read, guards := map[string]bool{}, map[string]bool{}
			collect(parse(t, r.Expr), recorded, sources, read, guards)
			for family := range read {
				assert.True(t, guards[family], "%s reads counters of %s and does not ask whether they are fresh", r.Alert, family)
				guarded++
			}
		}
	}
	assert.GreaterOrEqual(t, guarded, 7)
}

// collect finds the families of the counters that an expression reads, through recording rules, and those that it asks to be
// fresh.
func collect(expr parser.Expr, recorded map[string]parser.Expr, sources map[string]string, read, guards map[string]bool) {
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		s, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		if s.Name == "family:cloudflare_exporter_fresh:bool" {
			for _, m := range s.LabelMatchers {
				if m.Name == "metric_family" {
					guards[m.Value] = true
				}
			}
			return nil
		}
		if rule, ok := recorded[s.Name]; ok {
			collect(rule, recorded, sources, read, guards)
		}
		if family, ok := sources[s.Name]; ok {
			read[family] = true
		}
		return nil
	})
}

// counterFamilies gives the family of each counter by its name in Prometheus.
func counterFamilies(t *testing.T) map[string]string {
	t.Helper()
	sch, err := schema.Load()
	require.NoError(t, err)
	list, err := dataset.Catalogue(sch)
	require.NoError(t, err)
	names, err := prometheusNames()
	require.NoError(t, err)
	translated := map[string]string{}
	for name, otel := range names {
		translated[otel] = name
	}
	found := map[string]string{}
	for _, d := range list {
		for _, m := range d.Metrics {
			if m.Kind == dataset.Counter {
				require.NotEmpty(t, translated[m.Name], m.Name)
				found[translated[m.Name]] = d.Family
			}
		}
	}
	return found
}

// What dashboards have in common.
func TestDashboardsAreConsistent(t *testing.T) {
	t.Parallel()
	definitions := map[string]string{}
	for _, d := range dashboards(t) {
		assert.True(t, strings.HasPrefix(d.UID, "cloudflare-") && strings.HasPrefix(d.Title, "Cloudflare / "), d.UID)
		assert.GreaterOrEqual(t, d.SchemaVersion, 39)
		assert.Equal(t, []string{"cloudflare"}, d.Tags)
		require.Equal(t, "datasource", d.Templating.List[0].Name)
		for _, v := range d.Templating.List[1:] {
			if other, known := definitions[v.Name]; known {
				assert.Equal(t, other, v.Definition, "$%s means the same everywhere", v.Name)
			}
			definitions[v.Name] = v.Definition
			assert.Equal(t, ".*", v.AllValue, v.Name)
		}
		for _, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			assert.NotEmpty(t, p.FieldConfig.Defaults.Unit, p.Title)
			assert.Contains(t, p.Description, "Reads ", p.Title)
			assert.Contains(t, p.Description, "Empty", p.Title)
			assert.Equal(t, "1m", p.Interval, p.Title)
		}
	}
}
