// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// gauges are the newest values of one partition's gauges. They are not saved: a value is of the newest granule or
// of none.
type gauges struct {
	live map[string]gaugePoint
	// ended are the points to be shown as ended once.
	ended []gaugePoint
	until time.Time // how long the live ones are shown
}

type gaugePoint struct {
	metric *dataset.Metric
	dataset.Point
}

// gaugeLifetime is how long a gauge is shown that cannot be read again when that is due: as long as Prometheus looks back.
const gaugeLifetime = 5 * time.Minute

func (s *metricsScraper) gaugesOf(id ledger.ID) *gauges {
	g := s.gauges[id]
	if g == nil {
		g = &gauges{live: map[string]gaugePoint{}}
		s.gauges[id] = g
	}
	return g
}

// replace takes over newer points, which are valid until then, and ends those that are not among them.
func (g *gauges) replace(metrics []dataset.Metric, points []dataset.Point, until time.Time) {
	before := g.live
	g.live, g.until = make(map[string]gaugePoint, len(points)), until
	for _, pt := range points {
		p := gaugePoint{&metrics[pt.Metric], pt}
		g.live[p.key()] = p
		delete(before, p.key())
	}
	for _, p := range before {
		g.ended = append(g.ended, p)
	}
}

// end ends all of them.
func (g *gauges) end() { g.replace(nil, nil, time.Time{}) }

// expire ends gauges that could not be read for too long.
func (g *gauges) expire(now time.Time) {
	if now.After(g.until) {
		g.end()
	}
}

func (p *gaugePoint) key() string {
	return p.metric.Name + "\x00" + strings.Join(p.Attributes, "\x00")
}

// limited keeps the first points of each metric, as many as it may have series: rows come with the largest first. Gauges
// cannot be added up to one that stands for the rest.
func (s *metricsScraper) limited(id ledger.ID, metrics []dataset.Metric, points []dataset.Point) []dataset.Point {
	count := make([]int, len(metrics))
	kept := points[:0]
	for _, pt := range points {
		if count[pt.Metric]++; count[pt.Metric] <= s.config.SeriesLimit {
			kept = append(kept, pt)
		}
	}
	for i, n := range count {
		key := "limit " + id.Scope + " " + metrics[i].Name
		if n > s.config.SeriesLimit && !s.said[key] {
			s.said[key] = true
			s.settings.Logger.Warn("a gauge has more label sets than series_limit; those beyond it are left out",
				zap.String("metric", metrics[i].Name), zap.String("scope", id.Scope), zap.Int("label_sets", n))
		}
	}
	return kept
}

// The receiver's own gauges of each zone and account, as indices into aboutScope.
const (
	aboutSource = iota
	aboutSampleInterval
)

func aboutScope() []dataset.Metric {
	return []dataset.Metric{
		aboutSource: {Name: "cloudflare.exporter.source", Kind: dataset.Gauge, Attributes: []dataset.Attribute{{Name: "metric_family"}, {Name: "dataset"}}},
		aboutSampleInterval: {
			Name: "cloudflare.exporter.sample.interval", Kind: dataset.Gauge, Double: true, Attributes: []dataset.Attribute{{Name: "dataset"}},
		},
	}
}

// aboutFamily is the family of the gauges in aboutScope.
const aboutFamily = "exporter"

// describe renews the gauges that say which dataset serves each family of a scope, and how far it is sampled.
func (s *metricsScraper) describe(scope inventory.Scope, now time.Time) {
	var points []dataset.Point
	for _, family := range s.sources.names {
		p := s.partitions[partitionID(family, scope.Kind, scope.ID)]
		if p == nil || p.selection == nil {
			continue
		}
		points = append(points, dataset.Point{Metric: aboutSource, Int: 1, Attributes: []string{family, p.source.Dataset}})
		if p.sampleInterval > 0 {
			points = append(points, dataset.Point{
				Metric: aboutSampleInterval, Double: p.sampleInterval, Attributes: []string{p.source.Dataset},
			})
		}
	}
	s.gaugesOf(partitionID(aboutFamily, scope.Kind, scope.ID)).replace(s.sources.aboutScope, points, now.Add(gaugeLifetime))
}
