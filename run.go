// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/planner"
)

// concurrency is how many documents are under way at once; the budget, not this, sets the pace.
const concurrency = 4

// reading is the answer for one part of one scope.
type reading struct {
	scope planner.Scope
	part  planner.Part
	rows  json.RawMessage
	err   error
}

// read asks and counts in rounds until every partition has reached its horizon or failed, or the time is up: what a
// round has counted moves the watermarks from which the next one is planned.
func (s *metricsScraper) read(ctx context.Context, tx *ledger.Tx) {
	for ctx.Err() == nil {
		clock, ok := s.clock()
		if !ok {
			return
		}
		docs := planner.Plan(clock, s.plannable(), planner.Limits{Zones: 10, Nodes: int(s.nodes.Load())})
		if len(docs) == 0 || !s.count(tx, s.run(ctx, docs)) {
			return
		}
	}
}

// run sends documents side by side. An error that all of them would meet ends the rest.
func (s *metricsScraper) run(ctx context.Context, docs []planner.Document) []reading {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	answers := make([][]reading, len(docs))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i, doc := range docs {
		group.Go(func() error {
			answers[i] = s.ask(ctx, stop, doc)
			return nil
		})
	}
	_ = group.Wait() // errors are in the readings
	var all []reading
	for _, a := range answers {
		all = append(all, a...)
	}
	return all
}

// ask sends a document and, where a smaller one may succeed or an answer has been cut off, its parts. The readings of a
// partition are in the order of their windows.
func (s *metricsScraper) ask(ctx context.Context, stop context.CancelCauseFunc, doc planner.Document) []reading {
	if ctx.Err() != nil {
		return failed(doc, context.Cause(ctx))
	}
	answer, err := s.client.Query(ctx, s.document(doc))
	if err == nil {
		return s.readings(ctx, stop, doc, answer)
	}
	switch class := cloudflare.ClassOf(err); {
	case class == cloudflare.ClassAuth || class == cloudflare.ClassRateLimited || class == cloudflare.ClassDeferred:
		stop(err)
	case class == cloudflare.ClassTooManyNodes:
		s.learnNodes(doc)
		fallthrough
	case class.Splittable() && ctx.Err() == nil:
		if first, second, ok := doc.Split(); ok {
			return s.askBoth(ctx, stop, first, second)
		}
	}
	return failed(doc, err)
}

// askBoth asks for what a split has left of a document.
func (s *metricsScraper) askBoth(ctx context.Context, stop context.CancelCauseFunc, first, second planner.Document) []reading {
	for _, part := range slices.Concat(first.Parts, second.Parts) {
		s.telemetry.windows(part.Dataset, split, 1)
	}
	return append(s.ask(ctx, stop, first), s.ask(ctx, stop, second)...)
}

// learnNodes lowers the bound on scopes × parts below what has just been refused.
func (s *metricsScraper) learnNodes(doc planner.Document) {
	refused := int64(doc.Nodes())
	for bound := s.nodes.Load(); refused/2 < bound; bound = s.nodes.Load() {
		if s.nodes.CompareAndSwap(bound, max(1, refused/2)) {
			return
		}
	}
}

func failed(doc planner.Document, err error) []reading {
	var list []reading
	for _, scope := range doc.Scopes {
		for _, part := range doc.Parts {
			list = append(list, reading{scope: scope, part: part, err: err})
		}
	}
	return list
}

var errUnanswered = errors.New("the zone or account is missing from Cloudflare's answer; check the token's permissions and resources")

func (s *metricsScraper) readings(
	ctx context.Context, stop context.CancelCauseFunc, doc planner.Document, answer *cloudflare.Answer,
) []reading {
	var list []reading
	for _, scope := range doc.Scopes {
		rows, answered := answer.Rows[scope.ID]
		for i, part := range doc.Parts {
			if !answered {
				list = append(list, reading{scope: scope, part: part, err: errUnanswered})
				continue
			}
			if truncated(rows[i], part.Limit) {
				list = append(list, s.askCutOff(ctx, stop, scope, part, rows[i])...)
				continue
			}
			list = append(list, reading{scope: scope, part: part, rows: rows[i]})
		}
	}
	return list
}

var errTruncated = errors.New("more rows than Cloudflare's page size even in the narrowest window")

// askCutOff asks again, in halves, for what came back with as many rows as its limit. Gauges are not cut: of them the
// rows with the highest volume, which come first, are enough.
func (s *metricsScraper) askCutOff(
	ctx context.Context, stop context.CancelCauseFunc, scope planner.Scope, part planner.Part, rows json.RawMessage,
) []reading {
	if part.Gauges {
		return []reading{{scope: scope, part: part, rows: rows}}
	}
	s.telemetry.truncation(part.Dataset)
	doc := planner.Document{Scopes: []planner.Scope{scope}, Parts: []planner.Part{part}}
	first, second, ok := doc.Split()
	if !ok {
		return failed(doc, errTruncated)
	}
	return s.askBoth(ctx, stop, first, second)
}

// minRowBytes is less than any row takes, so that short answers need no second look.
const minRowBytes = 8

// truncated says that an answer has as many rows as were asked for at the most, so that some may be missing.
func truncated(rows json.RawMessage, limit int) bool {
	if len(rows) < limit*minRowBytes {
		return false
	}
	var list []json.RawMessage
	return json.Unmarshal(rows, &list) == nil && len(list) >= limit
}

func (s *metricsScraper) document(doc planner.Document) cloudflare.Document {
	d := cloudflare.Document{Scope: doc.Scopes[0].Kind}
	for _, scope := range doc.Scopes {
		d.Tags = append(d.Tags, scope.ID)
	}
	for _, part := range doc.Parts {
		src := s.sources.byDataset[part.Dataset]
		keep, _ := src.Keep(kindOf(part), wantOf(part.Variant))
		d.Parts = append(d.Parts, cloudflare.Part{
			Operation: src.Operation, Keep: keep, From: part.Window.From, To: part.Window.To, Limit: part.Limit,
		})
	}
	return d
}

func kindOf(part planner.Part) dataset.Kind {
	if part.Gauges {
		return dataset.Gauge
	}
	return dataset.Counter
}

// count takes the readings into the ledger and says whether any partition got further.
func (s *metricsScraper) count(tx *ledger.Tx, readings []reading) (progress bool) {
	for _, r := range readings {
		p := s.partitions[partitionID(r.part.Family, r.scope.Kind, r.scope.ID)]
		err := r.err
		switch {
		case err != nil:
		case r.part.Gauges:
			err = s.observe(p, r)
		case r.part.Window.From.Equal(p.cursor.Watermark):
			err = s.add(tx, p, r)
		default:
			continue // an earlier window of this partition failed
		}
		if err != nil {
			p.failed = true
			s.note(tx, p, r.part, err)
			continue
		}
		progress = true
	}
	return progress
}

// add counts one window: its rows are summed into the partition and the watermark moves over it.
func (s *metricsScraper) add(tx *ledger.Tx, p *partition, r reading) error {
	sel := p.selection
	err := sel.Read(r.rows, dataset.Counter, sel.want, func(pt dataset.Point) {
		value := ledger.IntValue(pt.Int)
		if sel.Metrics[pt.Metric].Double {
			value = ledger.DoubleValue(pt.Double)
		}
		tx.Add(p.id, sel.index[pt.Metric], pt.Attributes, r.part.Window.From, value)
	})
	if err != nil {
		return err
	}
	p.cursor.Watermark = r.part.Window.To
	tx.SetCursor(p.id, p.cursor.encode())
	s.telemetry.windows(r.part.Dataset, committed, 1)
	if r.part.Cut {
		s.steps.learn(r.part.Dataset, r.scope.ID, r.part.Window.Width(), s.now())
	}
	return nil
}

// observe replaces the gauges of a partition by those of a newer granule.
func (s *metricsScraper) observe(p *partition, r reading) error {
	var points []dataset.Point
	err := p.selection.Read(r.rows, dataset.Gauge, p.selection.want, func(pt dataset.Point) { points = append(points, pt) })
	if err != nil {
		return err
	}
	p.observed = r.part.Window.To
	s.gaugesOf(p.id).replace(p.selection.Metrics, points, s.now())
	return nil
}

// note reports why a window could not be counted. What the plan of a zone does not include is no fault: it is said once
// and not asked for again until the entitlements are next read.
func (s *metricsScraper) note(tx *ledger.Tx, p *partition, part planner.Part, err error) {
	class := cloudflare.ClassOf(err)
	if class == cloudflare.ClassGatedDataset || class == cloudflare.ClassGatedField || class == cloudflare.ClassPermission {
		if s.inventory.Refuse(p.scope.ID, part.Dataset) {
			s.settings.Logger.Warn("Cloudflare refuses a dataset; it is left out for this zone or account and tried again within the hour",
				zap.String("dataset", part.Dataset), zap.String("scope", p.id.Scope), zap.Error(err),
				zap.String("remedy", cloudflare.Remedy(class)))
		}
		return
	}
	s.failed(tx, p.scope.AccountID, part.Dataset, fmt.Errorf("%v: %w", p, err))
}
