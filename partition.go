// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/planner"
)

// partition is one family of one scope that can be read now.
type partition struct {
	id        ledger.ID
	scope     inventory.Scope
	selection *selection
	counters  []ledger.Metric // of the selection, and those that the scope has from another source
	source    planner.Source
	cursor    cursor
	observed  time.Time
	byAccount bool // asked for with the other zones of the account
	// sampleInterval is the largest one of the last tick that read something; 0 where the dataset does not tell.
	sampleInterval float64
	sampledNow     bool // in this tick
	// failed and gaugesFailed are for the rest of this tick.
	failed, gaugesFailed bool
}

// cursor is how far a partition has been counted. It is saved with the counters.
type cursor struct {
	Watermark time.Time `json:"watermark"`
	// Gaps are the newest windows that could not be counted.
	Gaps []planner.Window `json:"gaps,omitempty"`
}

// maxGaps bounds what a cursor remembers; the counter of lost time has them all.
const maxGaps = 20

func (c *cursor) encode() []byte {
	data, _ := json.Marshal(c) // times of this age always marshal
	return data
}

// receiverID is the partition of the receiver's own counters. Its cursor is the inventory.
func receiverID() ledger.ID { return ledger.ID{Family: "receiver", Scope: "receiver"} }

func partitionID(family string, kind cloudflare.ScopeKind, id string) ledger.ID {
	return ledger.ID{Family: family, Scope: kind.String() + "/" + id}
}

// scopeOf takes a partition's identifier apart again.
func scopeOf(id ledger.ID) (cloudflare.ScopeKind, string) {
	kind, scope, _ := strings.Cut(id.Scope, "/")
	if kind == cloudflare.AccountScope.String() {
		return cloudflare.AccountScope, scope
	}
	return cloudflare.ZoneScope, scope
}

// openPartitions makes a partition of each family that each scope may read, starting where the saved one left off.
func (s *metricsScraper) openPartitions(tx *ledger.Tx) {
	clock, ok := s.clock()
	if !ok {
		return
	}
	for _, scope := range s.inventory.Scopes() {
		for _, family := range s.sources.names {
			id := partitionID(family, scope.Kind, scope.ID)
			sel, source, ok := s.selectSource(family, scope)
			if !ok {
				delete(s.partitions, id)
				continue
			}
			s.openPartition(tx, id, scope, sel, source, clock)
		}
	}
}

// clock is the earlier of our clock and the API's, so that neither can make a window look settled too early.
func (s *metricsScraper) clock() (time.Time, bool) {
	api, ok := s.client.Clock()
	if now := s.now(); now.Before(api) {
		return now, ok
	}
	return api, ok
}

// selectSource finds the first dataset of the family that the scope may read now. One that has been serving is waited for when it
// is refused although the entitlements have it: another one may not have all of its metrics.
func (s *metricsScraper) selectSource(family string, scope inventory.Scope) (*selection, planner.Source, bool) {
	for _, src := range s.sources.families[family] {
		if src.Scope() != scope.Kind || !s.inventory.Current(scope) {
			continue
		}
		limits, ok := s.inventory.Limits(scope.ID, src.Node(), src.Name)
		if !ok && s.served[partitionID(family, scope.Kind, scope.ID)] == src && s.inventory.Refused(scope.ID, src.Node(), src.Name) {
			return nil, planner.Source{}, false // against the entitlements: more likely a mistake than another plan
		}
		if !ok {
			continue
		}
		sel := s.selectionOf(src, scope, limits)
		if !sel.readsCounters && !sel.readsGauges {
			continue
		}
		return sel, planner.Source{
			Dataset: src.Name, Variant: string(sel.variant), Counters: sel.readsCounters, Gauges: sel.readsGauges,
			Granularity: src.Granularity, Resolution: src.Resolution, Delay: s.config.delay(src.Dataset), Interval: s.config.interval(src.Dataset),
			Step:        s.steps.narrower(src.Name, scope.ID, src.Step, s.now()),
			MaxDuration: limits.MaxDuration, NotOlderThan: limits.NotOlderThan, PageSize: limits.MaxPageSize,
		}, true
	}
	return nil, planner.Source{}, false
}

// selectionOf makes the selection anew only when the limits have been.
func (s *metricsScraper) selectionOf(src *source, scope inventory.Scope, limits cloudflare.Limits) *selection {
	p := s.partitions[partitionID(src.Family, scope.Kind, scope.ID)]
	if p != nil && p.selection.source == src && slices.Equal(p.selection.limits.AvailableFields, limits.AvailableFields) &&
		slices.Equal(p.selection.limits.Withheld, limits.Withheld) {
		return p.selection
	}
	return src.selectFor(limits, s.config.SeriesLimit)
}

func (s *metricsScraper) openPartition(
	tx *ledger.Tx, id ledger.ID, scope inventory.Scope, sel *selection, source planner.Source, clock time.Time,
) {
	p := s.partitions[id]
	if p == nil {
		p = &partition{id: id, cursor: s.cursor(id, source, clock)}
		s.partitions[id] = p
	}
	s.logSelection(p, sel)
	if p.selection != sel {
		p.counters = append(slices.Clip(sel.counters), s.sources.carriedOver(sel, s.ledger.Metrics(id), s.config.SeriesLimit)...)
	}
	p.scope, p.selection, p.source = scope, sel, source
	s.served[id] = sel.source
	p.failed, p.gaugesFailed, p.sampledNow = false, false, false
	p.byAccount = s.maySpareZones(p)
	if !sel.counts {
		p.cursor.Watermark = source.Horizon(clock) // nothing will ever be missing before it
	}
	tx.Define(id, p.cursor.Watermark, p.counters)
	if _, saved := s.ledger.Cursor(id); !saved {
		tx.SetCursor(id, p.cursor.encode())
	}
	s.giveUp(tx, p, clock)
}

// logSelection says what has changed in what a partition is read from.
func (s *metricsScraper) logSelection(p *partition, sel *selection) {
	before := p.selection
	if before == sel || (before != nil && before.source == sel.source && before.variant == sel.variant) {
		return
	}
	if before != nil && before.source != sel.source {
		s.settings.Logger.Info("metrics are read from another dataset from now on",
			zap.String("scope", p.id.Scope), zap.String("was", before.Name), zap.String("is", sel.Name), zap.Time("from", p.cursor.Watermark))
	}
	if names := sel.withheld(); len(names) > 0 {
		s.settings.Logger.Info("the plan does not include all fields of a dataset; metrics are left out for this zone or account",
			zap.String("dataset", sel.Name), zap.String("scope", p.id.Scope), zap.Strings("metrics", names))
	}
}

// cursor continues the saved one or starts at the newest settled granule, less the lookback.
func (s *metricsScraper) cursor(id ledger.ID, source planner.Source, clock time.Time) cursor {
	first := cursor{Watermark: source.Horizon(clock).Add(-s.config.Lookback).Truncate(source.Granularity)}
	saved, ok := s.ledger.Cursor(id)
	if !ok || len(saved) == 0 {
		return first
	}
	var c cursor
	if err := json.Unmarshal(saved, &c); err != nil || c.Watermark.IsZero() {
		s.settings.Logger.Error("a saved watermark cannot be read; counting goes on from now",
			zap.String("family", id.Family), zap.String("scope", id.Scope), zap.Error(err))
		return first
	}
	return c
}

// giveUp moves the watermark over what can no longer be asked for, and says so in the log, the cursor and a counter.
func (s *metricsScraper) giveUp(tx *ledger.Tx, p *partition, clock time.Time) {
	oldest := p.source.Oldest(clock, s.config.MaxBackfill)
	if !p.cursor.Watermark.Before(oldest) {
		return
	}
	gap := planner.Window{From: p.cursor.Watermark, To: oldest}
	s.settings.Logger.Error("a window can no longer be asked for and is missing from the counters",
		zap.String("family", p.id.Family), zap.String("dataset", p.source.Dataset), zap.String("scope", p.id.Scope),
		zap.Time("from", gap.From), zap.Time("to", gap.To))
	p.cursor.Gaps = append(p.cursor.Gaps, gap)
	p.cursor.Gaps = p.cursor.Gaps[max(0, len(p.cursor.Gaps)-maxGaps):]
	p.cursor.Watermark = oldest
	tx.SetCursor(p.id, p.cursor.encode())
	s.telemetry.windows(p.source.Dataset, givenUp, 1)
	tx.Add(receiverID(), ownLostTime, []string{p.id.Family}, gap.From, ledger.IntValue(int64(gap.Width().Seconds())))
}

// plannable are the partitions that have not failed in this tick.
func (s *metricsScraper) plannable() []planner.Partition {
	var list []planner.Partition
	for _, p := range s.partitions {
		if p.failed {
			continue
		}
		source := p.source
		source.Gauges = source.Gauges && !p.gaugesFailed
		list = append(list, planner.Partition{
			Family: p.id.Family,
			Scope:  planner.Scope{Kind: p.scope.Kind, ID: p.scope.ID, Account: p.scope.AccountID},
			Source: source, Watermark: p.cursor.Watermark, Observed: p.observed, ByAccount: p.byAccount,
		})
	}
	return list
}

// removeEnded forgets the scopes whose series were shown as ended by the last scrape.
func (s *metricsScraper) removeEnded(tx *ledger.Tx) {
	for id := range s.ended {
		tx.Delete(id)
		delete(s.partitions, id)
		delete(s.gauges, id)
		delete(s.listAt, id)
		delete(s.served, id)
		_, scope := scopeOf(id)
		s.names.forget(scope)
	}
}

// sampled notes how far an answer is sampled.
func (p *partition) sampled(rows json.RawMessage) {
	if !p.selection.variant.sampled() {
		p.sampleInterval = 0
		return
	}
	interval := dataset.SampleInterval(rows)
	if p.sampledNow {
		interval = max(interval, p.sampleInterval)
	}
	p.sampleInterval, p.sampledNow = interval, true
}

func (p *partition) String() string {
	return fmt.Sprintf("%s of %s", p.source.Dataset, p.id.Scope)
}
