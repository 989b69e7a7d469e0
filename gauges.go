// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"strings"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// gauges are the newest values of one partition's gauges. They are not saved: a value is of the newest granule or
// of none.
type gauges struct {
	live map[string]gaugePoint
	// ended are the points to be shown as ended once.
	ended []gaugePoint
	read  time.Time
}

type gaugePoint struct {
	metric *dataset.Metric
	dataset.Point
}

// gaugeLifetime is how long a gauge is shown that cannot be read again: as long as Prometheus looks back.
const gaugeLifetime = 5 * time.Minute

func (s *metricsScraper) gaugesOf(id ledger.ID) *gauges {
	g := s.gauges[id]
	if g == nil {
		g = &gauges{live: map[string]gaugePoint{}}
		s.gauges[id] = g
	}
	return g
}

// replace takes over the points of a newer granule and ends those that it does not have.
func (g *gauges) replace(metrics []dataset.Metric, points []dataset.Point, now time.Time) {
	before := g.live
	g.live, g.read = make(map[string]gaugePoint, len(points)), now
	for _, pt := range points {
		p := gaugePoint{&metrics[pt.Metric], pt}
		g.live[p.key()] = p
		delete(before, p.key())
	}
	for _, p := range before {
		g.ended = append(g.ended, p)
	}
}

// expire ends gauges that could not be read for too long.
func (g *gauges) expire(now time.Time) {
	if now.Sub(g.read) > gaugeLifetime {
		g.replace(nil, nil, g.read)
	}
}

func (p *gaugePoint) key() string {
	return p.metric.Name + "\x00" + strings.Join(p.Attributes, "\x00")
}
