// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/planner"
)

// Lateness is measured by reading the total of a window when it has been counted and once more later. Only answers
// without sampling are compared: estimates differ from one reading to the next although no event was late.
const (
	probeEvery = 2 * time.Minute // a new window, of each dataset in turn
	probeAfter = time.Hour       // the second reading
	probesKept = 48              // results that the ratio is made of
)

// probes are the windows that are watched for late events.
type probes struct {
	started time.Time
	turn    int // which dataset's turn it was
	waiting []probe
	results map[string][]probeResult // by dataset
}

type probe struct {
	scope planner.Scope
	part  planner.Part
	first float64
	due   time.Time
}

type probeResult struct{ first, second float64 }

// lateRatio is the share of events that the first readings did not have.
func lateRatio(results []probeResult) float64 {
	var first, second float64
	for _, r := range results {
		first += r.first
		second += max(r.first, r.second)
	}
	if second == 0 {
		return 0
	}
	return (second - first) / second
}

// probe uses what the budget has to spare when everything has been read. A probe that fails is dropped: no count depends on it.
func (s *metricsScraper) probe(ctx context.Context) {
	now, p := s.now(), &s.probes
	if p.started.IsZero() {
		p.started = now
	}
	for len(p.waiting) > 0 && !now.Before(p.waiting[0].due) && s.canSpare(ctx) {
		s.finishProbe(ctx, p)
	}
	if now.Sub(p.started) >= probeEvery && s.canSpare(ctx) {
		p.started = now
		s.startProbe(ctx, p, now)
	}
}

// canSpare says that there is a request left without waiting for it.
func (s *metricsScraper) canSpare(ctx context.Context) bool {
	return ctx.Err() == nil && s.client.Budget() > 0
}

func (s *metricsScraper) finishProbe(ctx context.Context, p *probes) {
	watched := p.waiting[0]
	p.waiting = p.waiting[1:]
	if second, ok := s.total(ctx, watched.scope, watched.part); ok {
		results := p.results[watched.part.Dataset]
		results = append(results, probeResult{watched.first, second})
		p.results[watched.part.Dataset] = results[max(0, len(results)-probesKept):]
	}
}

// startProbe watches the newest granule of the dataset whose turn it is, in a scope that changes with time.
func (s *metricsScraper) startProbe(ctx context.Context, p *probes, now time.Time) {
	names := s.sources.datasetNames()
	var candidates []*partition
	for range names {
		p.turn = (p.turn + 1) % len(names)
		if candidates = s.counted(names[p.turn]); len(candidates) > 0 {
			break
		}
	}
	if len(candidates) == 0 {
		return
	}
	turn := candidates[int(now.Unix()/int64(probeEvery.Seconds()))%len(candidates)]
	watched := probe{
		scope: planner.Scope{Kind: turn.scope.Kind, ID: turn.scope.ID, Account: turn.scope.AccountID},
		part: planner.Part{
			Family: turn.id.Family, Dataset: turn.source.Dataset, Variant: string(turn.selection.variant), Total: true, Limit: turn.source.PageSize,
			Window: planner.Window{From: turn.cursor.Watermark.Add(-turn.source.Granularity), To: turn.cursor.Watermark},
		},
		due: now.Add(probeAfter),
	}
	var ok bool
	if watched.first, ok = s.total(ctx, watched.scope, watched.part); ok {
		p.waiting = append(p.waiting, watched)
	}
}

// counted are the partitions of a dataset that have counted up to their horizon, in a stable order.
func (s *metricsScraper) counted(name string) []*partition {
	var list []*partition
	clock, _ := s.clock()
	for _, p := range s.partitions {
		if p.source.Dataset == name && !p.selection.Raw && p.source.Counters && !p.failed && !p.cursor.Watermark.Before(p.source.Horizon(clock)) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *partition) int { return cmp.Compare(a.id.Scope, b.id.Scope) })
	return list
}

// total reads the ungrouped total of a window; false when it failed or is an estimate.
func (s *metricsScraper) total(ctx context.Context, scope planner.Scope, part planner.Part) (float64, bool) {
	answer, err := s.client.Query(ctx, s.document(planner.Document{Scopes: []planner.Scope{scope}, Parts: []planner.Part{part}}))
	if err != nil || len(answer.Rows[scope.ID]) != 1 {
		s.settings.Logger.Debug("a probe for late events failed", zap.String("dataset", part.Dataset), zap.Error(err))
		return 0, false
	}
	rows := answer.Rows[scope.ID][0]
	src := s.sources.byDataset[part.Dataset]
	if dataset.SampleInterval(rows) > 1 {
		return 0, false
	}
	return src.volume(rows, variant(part.Variant).want())
}

// volume is the value of the first wanted counter in an ungrouped answer.
func (s *source) volume(rows json.RawMessage, want []bool) (v float64, ok bool) {
	first := slices.IndexFunc(s.Metrics, func(m dataset.Metric) bool { return m.Kind == dataset.Counter })
	if first < 0 || !want[first] {
		return 0, false
	}
	only := make([]bool, len(want))
	only[first] = true
	_, err := s.Read(rows, dataset.Counter, only, func(p dataset.Point) { v += float64(p.Int) + p.Double })
	return v, err == nil
}

func (s *sources) datasetNames() []string { return slices.Sorted(maps.Keys(s.byDataset)) }
