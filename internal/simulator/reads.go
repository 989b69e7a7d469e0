// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// Read is one window of one dataset that was read, of one zone or account. What account scope tells of zones is one Read
// for each of them.
type Read struct {
	Scope   string // zone or account: whose events these are
	ID      string
	Dataset string
	Account bool     // a zone's events, read at account scope
	Alias   string   // of the node in the document
	Fields  []string // selected, by flattened names, sorted: count, sum_countryMap_bytes, dimensions_action
	// Dimensions selected and Where, the filter's conditions, sorted, tell queries of one dataset apart. Those of times and zones
	// are left out of both.
	Dimensions []string
	Where      []string
	From       time.Time
	To         time.Time // exclusive; of the events counted, whole granules of the dataset
	At         time.Time // when it was answered, by the API's clock
	Rows       int       // of the node, all zones of an account together
	Full       bool      // the node has as many rows as its limit
	// Interval is one in how many events were looked at.
	Interval int
	// Lost reads did not reach the client whole, because a fault damaged the answer on its way.
	Lost bool
	// Late is what was in force.
	Late Lateness
	// Answered are the totals of the counters selected by Dimensions, as they were answered: cut at the limit, late and sampled. They
	// have no name yet: see [Simulator.Answered]. Nil unless they are recorded, for account scope without the dimension zoneTag, and for
	// parts of a Read.
	Answered []Total
}

// Recording tells how much is kept of what is read.
type Recording int

// What [Simulator.RecordReads] takes.
const (
	RecordNothing Recording = iota
	RecordWindows           // Reads without Answered
	RecordAnswers
)

// RecordReads forgets the reads recorded so far, and says what to record from now on. It is meant for tests: what is recorded grows with
// each answer.
func (s *Simulator) RecordReads(recording Recording) {
	s.reads.mu.Lock()
	defer s.reads.mu.Unlock()
	s.reads.recording, s.reads.reads = recording, nil
}

// Reads returns what was recorded, in the order of the answers. Queries that were refused tell nothing.
func (s *Simulator) Reads() []Read {
	s.reads.mu.Lock()
	defer s.reads.mu.Unlock()
	return slices.Clone(s.reads.reads)
}

// LastReads attributes each instant of each scope and query to the last of the reads that covers it, and returns the parts that
// are left of reads, by scope, dataset, query and time. Lost reads count for nothing. Queries are told apart by dataset, Dimensions and Where. If a client counts the last answer that it got of each
// window, what it must have counted is [Simulator.TruthOf] of these. Reads that it does not count (probes, other
// gauges' windows) are for the caller to leave out, by Alias or Fields.
func LastReads(reads []Read) []Read {
	covered := map[readKey][]span{}
	var last []Read
	for _, r := range slices.Backward(reads) {
		if r.Lost {
			continue
		}
		whole := span{r.From.UnixMicro(), r.To.UnixMicro()}
		for _, part := range whole.without(covered[r.key()]) {
			if part != whole {
				r.Answered = nil
			}
			r.From, r.To = time.UnixMicro(part.from).UTC(), time.UnixMicro(part.to).UTC()
			last = append(last, r)
		}
		covered[r.key()] = cover(covered[r.key()], whole)
	}
	slices.SortFunc(last, func(a, b Read) int {
		return cmp.Or(strings.Compare(b.Scope, a.Scope), strings.Compare(a.ID, b.ID), strings.Compare(a.Dataset, b.Dataset),
			slices.Compare(a.Where, b.Where), slices.Compare(a.Dimensions, b.Dimensions), a.From.Compare(b.From))
	})
	return last
}

// readKey tells whose counters a read is of.
type readKey struct{ scope, id, dataset, where, dimensions string }

func (r Read) key() readKey {
	return readKey{r.Scope, r.ID, r.Dataset, strings.Join(r.Where, "\n"), strings.Join(r.Dimensions, "\n")}
}

// without returns what spans, in order and apart, leave of one.
func (s span) without(covered []span) []span {
	var parts []span
	for _, c := range covered {
		if c.to <= s.from || c.from >= s.to {
			continue
		}
		if c.from > s.from {
			parts = append(parts, span{s.from, c.from})
		}
		s.from = c.to
	}
	if s.from < s.to {
		parts = append(parts, s)
	}
	return parts
}

// cover adds a span to others that are in order and apart, and keeps them so.
func cover(covered []span, added span) []span {
	if added.from >= added.to {
		return covered
	}
	apart := slices.DeleteFunc(slices.Clone(covered), func(c span) bool {
		touches := c.from <= added.to && added.from <= c.to
		if touches {
			added = added.hull(c)
		}
		return touches
	})
	apart = append(apart, added)
	slices.SortFunc(apart, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return apart
}

// readLog keeps reads.
type readLog struct {
	mu        sync.Mutex
	recording Recording
	reads     []Read
}

func (l *readLog) mode() Recording {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.recording
}

func (l *readLog) add(reads []Read) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.recording != RecordNothing {
		l.reads = append(l.reads, reads...)
	}
}

// record adds what a node tells to the exchange's reads, and returns which these are.
func (e *execution) record(q query, n *node, f *selected, answer result) []int {
	mode := e.simulator.reads.mode()
	if mode == RecordNothing {
		return nil
	}
	names := map[string]bool{}
	flatten(names, "", q.fields)
	r := Read{
		Scope: q.scope.kind(), ID: q.scope.id(), Dataset: n.name, Alias: f.key, At: e.now,
		Fields:     slices.DeleteFunc(slices.Clone(n.fields), func(field string) bool { return !names[field] }),
		Dimensions: n.selectedDimensions(q.fields), Where: q.filter.canonical(),
		Rows: len(answer.rows), Full: uint64(len(answer.rows)) == q.limit,
		Interval: answer.interval, Late: q.late, Lost: e.exchange.lost,
	}
	window := q.filter.span(true)
	if window.to == math.MaxInt64 {
		window.to = e.now.UnixMicro()
	}
	r.From, r.To = time.UnixMicro(max(window.from, 0)).UTC(), time.UnixMicro(window.to).UTC()
	if mode == RecordAnswers {
		r.Answered = n.answered(q.fields, answer.rows)
	}
	first := len(e.exchange.reads)
	e.exchange.reads = append(e.exchange.reads, r.byZone(q, n, names["dimensions_zoneTag"] || n.raw && names["zoneTag"])...)
	var indexes []int
	for i := first; i < len(e.exchange.reads); i++ {
		indexes = append(indexes, i)
	}
	return indexes
}

// selectedDimensions lists the dimensions selected, those of time, zone and sampling left out.
func (n *node) selectedDimensions(fields []*selected) []string {
	var names []string
	for _, f := range n.labelling(fields) {
		if f.name() != "zoneTag" {
			names = append(names, f.name())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// labelling are the selected fields that label rows.
func (n *node) labelling(fields []*selected) []*selected {
	var labels []*selected
	if n.raw {
		labels = append(labels, fields...)
	}
	for _, f := range fields {
		if f.name() == "dimensions" {
			labels = append(labels, f.nested...)
		}
	}
	return slices.DeleteFunc(labels, func(f *selected) bool {
		info, ok := n.dimensions[f.name()]
		return !ok || info.width != 0 || f.name() == "sampleInterval"
	})
}
