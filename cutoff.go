// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"encoding/json"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/planner"
)

// An answer with as many rows as were asked for at the most is not believed. Its window is asked for in halves, as often
// as needed. When that would only find label sets beyond series_limit, or the window is as narrow as the time filter
// allows, one total is asked for instead: the rows at hand are the largest, and what they lack to the total
// goes to the overflow series. Raw events have no total; what is beyond the narrowest window of theirs is reported as an
// error.

// minRowBytes is less than any row takes, so that short answers need no second look.
const minRowBytes = 8

// truncated says that an answer has as many rows as were asked for at the most.
func truncated(rows json.RawMessage, limit int) bool {
	if len(rows) < limit*minRowBytes {
		return false
	}
	var list []json.RawMessage
	return json.Unmarshal(rows, &list) == nil && len(list) >= limit
}

// completing gives the documents that complete a cut-off reading: two halves, or one total, or none when nothing can.
func (s *metricsScraper) completing(r reading) []planner.Document {
	s.telemetry.truncation(r.part.Dataset)
	doc := planner.Document{Scopes: []planner.Scope{r.scope}, Parts: []planner.Part{r.part}}
	raw := s.sources.byDataset[r.part.Dataset].Raw
	if raw || !s.full(r) {
		if first, second, ok := doc.Split(); ok {
			s.telemetry.windows(r.part.Dataset, split, 2)
			return []planner.Document{first, second}
		}
	}
	if raw {
		return nil
	}
	total := r.part
	total.Total = true
	return []planner.Document{{Scopes: doc.Scopes, Parts: []planner.Part{total}}}
}

// full says that with these rows a metric has as many series as it may have.
func (s *metricsScraper) full(r reading) bool {
	p := s.partitions[partitionID(r.part.Family, r.scope.Kind, r.scope.ID)]
	fresh := make([]int, len(p.selection.counters))
	_, err := p.selection.Read(r.rows, dataset.Counter, p.selection.want, func(pt dataset.Point) {
		if i := p.selection.index[pt.Metric]; !s.ledger.Has(p.id, i, pt.Attributes) {
			fresh[i]++
		}
	})
	if err != nil {
		return false
	}
	for i, n := range fresh {
		if n >= s.ledger.Room(p.id, i) {
			return true
		}
	}
	return false
}

// complete puts the answers in the place of the cut-off readings that asked for them.
func complete(readings []reading, answers [][]reading) []reading {
	var all []reading
	for _, r := range readings {
		if !r.cutOff {
			all = append(all, r)
			continue
		}
		first := answers[0]
		if !first[0].part.Total {
			all = append(append(all, first...), answers[1]...)
			answers = answers[2:]
			continue
		}
		answers = answers[1:]
		r.cutOff, r.total, r.err = false, first[0].rows, first[0].err
		all = append(all, r)
	}
	return all
}

// remainders are what the rows of an answer lack to its totals, by metric.
type remainders map[int]dataset.Point

// totals adds up an answer that is not grouped by attributes; there are none when it has not been asked for.
func (sel *selection) totals(raw json.RawMessage) (remainders, error) {
	if raw == nil {
		return nil, nil
	}
	rest := remainders{}
	_, err := sel.Read(raw, dataset.Counter, sel.want, func(pt dataset.Point) {
		pt.Int += rest[pt.Metric].Int
		pt.Double += rest[pt.Metric].Double
		rest[pt.Metric] = pt
	})
	return rest, err
}

// subtract takes a row off its metric's total. An estimate may be smaller than its parts; nothing is left of it then.
func (rest remainders) subtract(row dataset.Point) {
	pt, ok := rest[row.Metric]
	if !ok {
		return
	}
	pt.Int = max(0, pt.Int-row.Int)
	pt.Double = max(0, pt.Double-row.Double)
	rest[row.Metric] = pt
}

func (sel *selection) value(pt dataset.Point) ledger.Value {
	if sel.Metrics[pt.Metric].Double {
		return ledger.DoubleValue(pt.Double)
	}
	return ledger.IntValue(pt.Int)
}
