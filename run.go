// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	// cutOff says that there may be more rows; total is then what all of them add up to, if it has been asked for.
	cutOff bool
	total  json.RawMessage
	// lacking says that rows are missing which no smaller query would get.
	lacking bool
	err     error
}

// read asks and counts in rounds until every partition has reached its horizon or failed, or the time is up: what a
// round has counted moves the watermarks from which the next one is planned. The horizon is that of the begin: what settles
// while the budget paces the rounds is left to the next tick, which asks for more of it at once. It says whether nothing is
// left to ask.
func (s *metricsScraper) read(ctx context.Context, tx *ledger.Tx) (finished bool) {
	clock, ok := s.clock()
	for ok && ctx.Err() == nil {
		docs := planner.Plan(clock, s.plannable(), planner.Limits{Zones: s.config.zonesPerDocument(), Nodes: s.nodes.limit()})
		if len(docs) == 0 {
			return true
		}
		readings := s.run(ctx, docs)
		s.learnRules(ctx, tx, readings)
		if !s.count(tx, readings) {
			return false
		}
	}
	return false
}

// run sends documents and completes answers that were cut off. The readings of a partition are in the order of their
// windows.
func (s *metricsScraper) run(ctx context.Context, docs []planner.Document) []reading {
	readings := slices.Concat(s.fanOut(ctx, docs)...)
	for {
		var docs []planner.Document
		for i := range readings {
			if !readings[i].cutOff {
				continue
			}
			completing := s.completing(readings[i])
			if len(completing) == 0 {
				readings[i].cutOff, readings[i].lacking = false, true
			}
			docs = append(docs, completing...)
		}
		if len(docs) == 0 {
			return readings
		}
		readings = complete(readings, s.fanOut(ctx, docs))
	}
}

// fanOut sends documents side by side. An error that all of them would meet ends the rest.
func (s *metricsScraper) fanOut(ctx context.Context, docs []planner.Document) [][]reading {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
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
	return answers
}

// ask sends a document and, where a smaller one may succeed, its halves.
func (s *metricsScraper) ask(ctx context.Context, stop context.CancelFunc, doc planner.Document) []reading {
	if ctx.Err() != nil {
		return failed(doc, errNotAsked)
	}
	answer, err := s.client.Query(ctx, s.document(doc))
	if err == nil {
		s.nodes.answer(doc.Nodes())
		return s.readings(doc, answer)
	}
	switch class := cloudflare.ClassOf(err); {
	case class == cloudflare.ClassAuth || class == cloudflare.ClassRateLimited:
		stop()
	case class == cloudflare.ClassDeferred && !s.config.RateLimit.AccountBased: // others may have a budget of their own
		stop()
	case class == cloudflare.ClassTooManyNodes:
		s.nodes.refuse(doc.Nodes())
		fallthrough
	case class.Splittable() && ctx.Err() == nil:
		if first, second, ok := doc.Split(); ok {
			return s.askBoth(ctx, stop, first, second)
		}
	}
	return failed(doc, err)
}

// askBoth asks for what a split has left of a document.
func (s *metricsScraper) askBoth(ctx context.Context, stop context.CancelFunc, first, second planner.Document) []reading {
	for _, part := range slices.Concat(first.Parts, second.Parts) {
		s.telemetry.windows(part.Dataset, split, 1)
	}
	return append(s.ask(ctx, stop, first), s.ask(ctx, stop, second)...)
}

func failed(doc planner.Document, err error) []reading {
	var list []reading
	for _, scope := range doc.Scopes {
		for _, part := range doc.Parts {
			list = append(list, forZones(reading{scope: scope, part: part, err: err}, nil)...)
		}
	}
	return list
}

var (
	errUnanswered = &cloudflare.Error{
		Class: cloudflare.ClassMissing, Kind: cloudflare.KindGraphQL, Message: "the zone or account is missing from Cloudflare's answer",
	}
	errLacking = &cloudflare.Error{
		Class: cloudflare.ClassTruncated, Kind: cloudflare.KindGraphQL, Message: "one second has more events than Cloudflare hands out; the rest is not counted",
	}
	errNotAsked = &cloudflare.Error{
		Class: cloudflare.ClassDeferred, Kind: cloudflare.KindGraphQL, Message: "the scrape ended before this was asked",
	}
)

func (s *metricsScraper) readings(doc planner.Document, answer *cloudflare.Answer) []reading {
	var list []reading
	for _, scope := range doc.Scopes {
		rows, answered := answer.Rows[scope.ID]
		for i, part := range doc.Parts {
			r := reading{scope: scope, part: part, err: errUnanswered}
			switch {
			case part.Zones != nil && answered:
				list = append(list, s.byZone(r, rows[i])...)
				continue
			case part.Zones != nil:
				list = append(list, forZones(r, nil)...)
				continue
			case answered:
				r.rows, r.err = rows[i], nil
				r.cutOff = !part.Gauges && !part.Total && truncated(rows[i], part.Limit)
			}
			list = append(list, r)
		}
	}
	return list
}

func (s *metricsScraper) document(doc planner.Document) cloudflare.Document {
	d := cloudflare.Document{Scope: doc.Scopes[0].Kind}
	for _, scope := range doc.Scopes {
		d.Tags = append(d.Tags, scope.ID)
	}
	for _, part := range doc.Parts {
		src := s.sources.byDataset[part.Dataset]
		operation, keep, v := src.Operation, src.keep(kindOf(part), variant(part.Variant)), variant(part.Variant)
		switch {
		case part.Total:
			keep = src.KeepTotal(v.want())
		case part.Zones != nil:
			operation, keep = src.ByZone, src.KeepByZone(v.want())
		}
		d.Parts = append(d.Parts, cloudflare.Part{
			Operation: operation, Keep: keep, From: part.Window.From, To: part.Window.To, Limit: part.Limit,
			Unfiltered: s.sources.unfiltered,
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

// failure is one failed document as one account and dataset sees it, however many windows it was for.
type failure struct {
	err              error
	account, dataset string
}

// count takes the readings into the ledger and says whether any partition got further.
func (s *metricsScraper) count(tx *ledger.Tx, list []reading) (progress bool) {
	noted := map[failure]bool{}
	for _, r := range list {
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
		if err != nil && r.part.Zones != nil && s.fallBack(p, r) {
			progress = true // towards asking zone by zone
			continue
		}
		if err != nil {
			p.gaugesFailed = true
			p.failed = p.failed || !r.part.Gauges
			f := failure{err, p.scope.AccountID, r.part.Dataset}
			s.note(tx, p, r.part, err, !noted[f])
			noted[f] = true
			continue
		}
		progress, s.health.answered = true, true
	}
	return progress
}

// add counts one window: its rows are summed into the partition and the watermark moves over it.
func (s *metricsScraper) add(tx *ledger.Tx, p *partition, r reading) error {
	sel, start := p.selection, r.part.Window.From
	rest, err := sel.totals(r.total)
	if err != nil {
		return err
	}
	rows, err := sel.Read(r.rows, dataset.Counter, sel.want, func(pt dataset.Point) {
		tx.Add(p.id, sel.index[pt.Metric], pt.Attributes, start, sel.value(pt))
		rest.subtract(pt)
	})
	if err != nil {
		return err
	}
	for _, pt := range rest {
		tx.AddOverflow(p.id, sel.index[pt.Metric], start, sel.value(pt))
	}
	if r.lacking {
		s.failed(tx, p.scope.AccountID, r.part.Dataset, fmt.Errorf("%v, %v: %w", p, start, errLacking))
	}
	p.sampled(r.rows)
	p.cursor.Watermark = r.part.Window.To
	tx.SetCursor(p.id, p.cursor.encode())
	s.telemetry.windows(r.part.Dataset, committed, 1)
	s.telemetry.rows(r.part.Dataset, rows)
	if r.part.Cut {
		s.steps.learn(r.part.Dataset, r.scope.ID, r.part.Window.Width(), s.now())
	}
	return nil
}

// observe replaces the gauges of a partition by those of a newer granule.
func (s *metricsScraper) observe(p *partition, r reading) error {
	var points []dataset.Point
	_, err := p.selection.Read(r.rows, dataset.Gauge, p.selection.want, func(pt dataset.Point) { points = append(points, pt) })
	if err != nil {
		return err
	}
	p.observed = r.part.Window.To
	p.sampled(r.rows)
	valid := max(p.source.Granularity, p.source.Interval) + gaugeLifetime
	s.gaugesOf(p.id).replace(p.selection.Metrics, s.limited(p.id, p.selection.Metrics, points), s.now().Add(valid))
	return nil
}

// note reports why a window could not be counted. What the plan of a zone does not include is no fault: it is said once
// and not asked for again until the entitlements are next read. Anything else counts once as a failure.
func (s *metricsScraper) note(tx *ledger.Tx, p *partition, part planner.Part, err error, first bool) {
	class := classOf(err)
	if typed, ok := errors.AsType[*cloudflare.Error](err); ok && class == cloudflare.ClassGatedField &&
		s.inventory.RefuseField(p.scope.ID, part.Dataset, typed.Field) {
		return // the next scrape does without it, and says so
	}
	if class == cloudflare.ClassGatedDataset || class == cloudflare.ClassGatedField || class == cloudflare.ClassPermission {
		if s.inventory.Refuse(p.scope.ID, part.Dataset) {
			s.sayRefused(p, class, err)
		}
		return
	}
	if first {
		s.failed(tx, p.scope.AccountID, part.Dataset, fmt.Errorf("%v: %w", p, err))
	}
}

// sayRefused says once for each account and dataset what Cloudflare refuses, and which permission it takes.
func (s *metricsScraper) sayRefused(p *partition, class cloudflare.Class, err error) {
	key := strings.Join([]string{"refused", p.scope.AccountID, p.source.Dataset, string(class)}, " ")
	if s.said[key] {
		return
	}
	s.said[key] = true
	s.settings.Logger.Warn("Cloudflare refuses a dataset; it is left out where it is refused and tried again within the hour; "+
		"further zones of the account are not logged",
		zap.String("dataset", p.source.Dataset), zap.String("scope", p.id.Scope), zap.Error(err),
		zap.String("permission", p.selection.Permission), zap.String("remedy", cloudflare.Remedy(class)))
}
