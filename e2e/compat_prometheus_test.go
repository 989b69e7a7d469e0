// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who comes from lablabs gives Prometheus another target and changes nothing else: what dashboards and alerts ask returns data.
func TestPublicExpressionsReturnData(t *testing.T) {
	t.Parallel()
	prometheusTool(t, "prometheus") // building takes a while, in which the clock must not run
	w := newWorld(t, twoZones(), 90*time.Minute)
	d := deployPrometheus(t, w, shipped("compat-lablabs.yaml"))
	d.start()
	p := startPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs:
  - job_name: cloudflare-exporter
    static_configs: [{targets: ["127.0.0.1:%s"]}]
`, d.env["METRICS_PORT"]))
	d.expectAllData(p, "compat-lablabs.yaml")
	for _, s := range p.query(t, "cloudflare_zone_requests_total", time.Now()) {
		assert.Equal(t, "cloudflare-exporter", s.labels["job"], "as Prometheus is told to name it")
		assert.NotEqual(t, s.labels["instance"], s.labels["exported_instance"], "the zone's id keeps zones apart")
	}
}

// By OTLP it is Prometheus that makes the names.
func TestPublicExpressionsReturnDataByOTLP(t *testing.T) {
	t.Parallel()
	prometheusTool(t, "prometheus")
	w := newWorld(t, twoZones(), 90*time.Minute)
	p := startPrometheus(t, `
global: {evaluation_interval: 1s}
otlp: {translation_strategy: UnderscoreEscapingWithoutSuffixes}
`, "--web.enable-otlp-receiver")
	d := deploy(t, w, shipped("collector-otlp.yaml"), shipped("simulator.yaml"), pace, shipped("compat-cloudflare-exporter.yaml"))
	d.env["OTLP_ENDPOINT"] = p.url() + "/api/v1/otlp"
	d.start()
	d.expectAllData(p, "compat-cloudflare-exporter.yaml")
}

// expectAllData waits until all that is published for an exporter has a result.
func (d *deployment) expectAllData(p *prometheusServer, config string) {
	d.t.Helper()
	for _, published := range published(d.t, config) {
		for _, e := range published.Expressions {
			d.expectData(p, published.Source, e)
		}
	}
}

// expectData waits until an expression has a result with all labels of its legend. A threshold is left out: it is nobody's
// wish to be over it. The evaluation is a little in the past, because negative offsets look ahead.
func (d *deployment) expectData(p *prometheusServer, source string, e publicExpression) {
	d.t.Helper()
	expr := hurried(d.t, e.Expr)
	d.eventually(3*time.Minute, func(c *assert.CollectT) {
		result, err := p.evaluate(expr, time.Now().Add(-6*time.Second))
		require.NoError(c, err)
		require.NotEmpty(c, result, "%s: %s", source, expr)
		for _, label := range e.Legend {
			assert.NotEmpty(c, result[0].labels[label], "%s: %s: label %s", source, expr, label)
		}
	}, source+": "+expr)
}

// hurried is an expression for a clock on which a second is a minute, without its threshold.
func hurried(t *testing.T, text string) string {
	t.Helper()
	text = strings.ReplaceAll(text, "[1h]", "[60m]")
	text = regexp.MustCompile(`\b(\d+)m\b`).ReplaceAllString(text, "${1}s")
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	require.NoError(t, err, text)
	if comparison, ok := expr.(*parser.BinaryExpr); ok && comparison.Op.IsComparisonOperator() {
		return comparison.LHS.String()
	}
	return text
}
