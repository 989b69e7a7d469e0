// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package planner decides what to ask Cloudflare next: which datasets, for which zones or accounts, over which
// windows, and what goes together into one document. It is a function of what it is told, does no I/O and keeps no
// state; asking, splitting what went wrong and moving watermarks is left to the receiver.
package planner

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// Scope is a zone or an account.
type Scope struct {
	Kind cloudflare.ScopeKind
	// ID is the zone's or account's identifier.
	ID string
	// Account is the identifier of the account that the scope belongs to; documents are shared out fairly by it.
	Account string
}

// Window is the half-open interval [From, To).
type Window struct{ From, To time.Time }

// Width is the length of the window.
func (w Window) Width() time.Duration { return w.To.Sub(w.From) }

// Halves cuts the window in two at a multiple of the resolution; false when it is too narrow for that.
func (w Window) Halves(resolution time.Duration) (first, second Window, ok bool) {
	middle := w.From.Add(w.Width() / 2).Truncate(resolution)
	if !middle.After(w.From) {
		middle = middle.Add(resolution)
	}
	if !middle.Before(w.To) {
		return w, Window{}, false
	}
	return Window{w.From, middle}, Window{middle, w.To}, true
}

// Source is a dataset as a scope may read it.
type Source struct {
	Dataset string
	// Variant names the selection of fields; scopes share a document only where dataset and variant are equal.
	Variant string
	// Counters and Gauges say whether there is anything of that kind to read.
	Counters, Gauges bool

	Granularity  time.Duration
	Resolution   time.Duration
	Delay        time.Duration
	Interval     time.Duration // 0: whenever there is a new granule
	Step         time.Duration
	MaxDuration  time.Duration // 0: unlimited
	NotOlderThan time.Duration // 0: unlimited
	PageSize     int
}

// Horizon is the end of the newest settled granule, or of the newest interval's: windows end here at the latest.
func (s *Source) Horizon(clock time.Time) time.Time {
	return clock.Add(-s.Delay).Truncate(max(s.Granularity, s.Interval))
}

// oldestMargin keeps a window clear of the edge of what Cloudflare still has while the query is under way.
const oldestMargin = 2 * time.Minute

// Oldest is the earliest instant that can still be asked for, given how far back the user wants to go.
func (s *Source) Oldest(clock time.Time, maxBackfill time.Duration) time.Time {
	reach := maxBackfill
	if s.NotOlderThan > 0 {
		reach = min(reach, s.NotOlderThan-oldestMargin)
	}
	return earliest(clock.Add(-reach).Truncate(s.Granularity).Add(s.Granularity), s.Horizon(clock))
}

// Partition is one family of one scope: where it is read from and how far that has come.
type Partition struct {
	Family string
	Scope  Scope
	Source Source
	// Watermark is the instant up to which the counters are complete.
	Watermark time.Time
	// Observed is the end of the granule that the gauges were last read over.
	Observed time.Time
	// ByAccount asks at account scope, for all zones of the account that need the same at once.
	ByAccount bool
}

// Part is one node of a document: a dataset over a window.
type Part struct {
	Family  string
	Dataset string
	Variant string
	// Gauges says that the gauges are read instead of the counters.
	Gauges bool
	// Total says that the counters are read without grouping them.
	Total  bool
	Window Window
	// Resolution is what the window may be cut at; Cut says that it has been.
	Resolution time.Duration
	Cut        bool
	Limit      int
	// since is when the wait for the part began: the begin of its window, or the end of the granule that the gauges were
	// last read over. It decides what is asked for first.
	since time.Time
	// Zones are the scopes that a part at account scope is asked for; nil where the document's scopes are meant.
	Zones []Scope
}

// Document is a rectangle: each part is asked for each scope.
type Document struct {
	Scopes []Scope
	Parts  []Part
}

// Nodes is the product that Cloudflare limits.
func (d *Document) Nodes() int { return len(d.Scopes) * len(d.Parts) }

// Oldest is the earliest instant up to which one of the parts has been read.
func (d *Document) Oldest() time.Time {
	return slices.MinFunc(d.Parts, func(a, b Part) int { return a.since.Compare(b.since) }).since
}

// Limits bound a document.
type Limits struct {
	// Zones is the number of zones that one document may name; an account always stands alone.
	Zones int
	// Nodes bounds scopes × parts.
	Nodes int
}

// Plan gives the documents to send next, oldest watermark first and in turn by account. Each partition's windows
// follow each other without a gap from its watermark; what does not fit into a document's bound is left to the next
// call, when the watermarks have moved.
func Plan(clock time.Time, partitions []Partition, limits Limits) []Document {
	var docs []Document
	for _, group := range group(clock, partitions, limits.Nodes) {
		for scopes := range slices.Chunk(group.scopes, min(limits.Zones, limits.Nodes)) {
			for _, parts := range bundle(group.parts, max(1, limits.Nodes/len(scopes))) {
				docs = append(docs, Document{Scopes: scopes, Parts: parts})
			}
		}
	}
	return inTurn(docs)
}

// bundle puts parts together, so many at most. The windows of one dataset are in one bundle, since a later one is of no use
// before the one before it has been counted; those that do not fit are left out.
func bundle(parts []Part, most int) [][]Part {
	var bundles [][]Part
	in := map[string]int{} // by dataset: the bundle that has its first window
	for _, part := range parts {
		key := part.dataset()
		i, seen := in[key]
		if !seen {
			if len(bundles) == 0 || len(bundles[len(bundles)-1]) >= most {
				bundles = append(bundles, nil)
			}
			i = len(bundles) - 1
			in[key] = i
		}
		if len(bundles[i]) < most {
			bundles[i] = append(bundles[i], part)
		}
	}
	return bundles
}

// scopeGroup is a set of scopes of one kind that need exactly the same parts.
type scopeGroup struct {
	scopes []Scope
	parts  []Part
}

func group(clock time.Time, partitions []Partition, most int) []*scopeGroup {
	parts := map[Scope][]Part{}
	var scopes []Scope
	for i := range partitions {
		p := &partitions[i]
		needed := p.parts(clock, most)
		if len(needed) == 0 {
			continue
		}
		scope := p.Scope
		if p.ByAccount {
			scope = Scope{Kind: cloudflare.AccountScope, ID: p.Scope.Account, Account: p.Scope.Account}
		}
		if _, seen := parts[scope]; !seen {
			scopes = append(scopes, scope)
		}
		for _, part := range needed {
			if p.ByAccount {
				part.Zones = []Scope{p.Scope}
			}
			parts[scope] = join(parts[scope], part)
		}
	}
	slices.SortFunc(scopes, compareScopes)

	byNeed := map[string]*scopeGroup{}
	var groups []*scopeGroup
	for _, s := range scopes {
		slices.SortStableFunc(parts[s], compareParts)
		key := signature(s, parts[s])
		g := byNeed[key]
		if g == nil {
			g = &scopeGroup{parts: parts[s]}
			byNeed[key] = g
			groups = append(groups, g)
		}
		g.scopes = append(g.scopes, s)
	}
	return groups
}

// join appends a part, or adds its zones to the part that is the same but for them.
func join(parts []Part, part Part) []Part {
	if part.Zones != nil {
		for i := range parts {
			if parts[i].Zones != nil && parts[i].key() == part.key() {
				parts[i].Zones = append(parts[i].Zones, part.Zones...)
				return parts
			}
		}
	}
	return append(parts, part)
}

// dataset is equal for the windows of one partition that follow each other.
func (p *Part) dataset() string {
	return fmt.Sprintf("%s|%s|%t|%t", p.Dataset, p.Variant, p.Gauges, p.Zones != nil)
}

// key is equal for parts that ask for the same.
func (p *Part) key() string {
	return fmt.Sprintf("%s|%s|%t|%t|%d|%d|%d|%d", p.Dataset, p.Variant, p.Gauges, p.Zones != nil,
		p.Window.From.Unix(), p.Window.To.Unix(), p.Resolution, p.Limit)
}

// parts are the first nodes that a partition needs, as many as a document may hold: gauges over the newest granule, and
// windows from the watermark on.
func (p *Partition) parts(clock time.Time, most int) []Part {
	s := &p.Source
	horizon := s.Horizon(clock)
	part := Part{Family: p.Family, Dataset: s.Dataset, Variant: s.Variant, Resolution: s.Resolution, Limit: s.PageSize}
	var parts []Part
	if s.Gauges && p.Observed.Before(horizon) {
		part.Gauges, part.Window = true, Window{horizon.Add(-s.Granularity), horizon}
		part.since = part.Window.From
		if !p.Observed.IsZero() {
			part.since = p.Observed
		}
		parts = append(parts, part)
	}
	if !s.Counters {
		return parts
	}
	step := s.Step
	if s.MaxDuration > 0 {
		step = min(step, s.MaxDuration)
	}
	step = max(step.Truncate(s.Granularity), s.Granularity)
	part.Gauges = false
	most += len(parts)
	for from := p.Watermark; from.Before(horizon) && len(parts) < most; from = part.Window.To {
		part.Window = Window{from, earliest(from.Add(step), horizon)}
		part.since = from
		parts = append(parts, part)
	}
	return parts
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// compareParts puts first what has waited longest.
func compareParts(a, b Part) int {
	return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.Dataset, b.Dataset))
}

func compareScopes(a, b Scope) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID))
}

// signature is equal for scopes that can share a document. An account shares none: its parts may name its zones.
func signature(scope Scope, parts []Part) string {
	var b strings.Builder
	if b.WriteString(scope.Kind.String()); scope.Kind == cloudflare.AccountScope {
		b.WriteString(scope.ID)
	}
	for _, p := range parts {
		b.WriteString("|" + p.key())
	}
	return b.String()
}

// accounts are those of the document's scopes, each once.
func (d *Document) accounts() []string {
	var list []string
	for _, s := range d.Scopes {
		if !slices.Contains(list, s.Account) {
			list = append(list, s.Account)
		}
	}
	return list
}

// inTurn orders documents by what they ask for, oldest first, and takes them from each account in turn, so that an
// account with many zones cannot hold up the others.
func inTurn(docs []Document) []Document {
	slices.SortStableFunc(docs, func(a, b Document) int { return a.Oldest().Compare(b.Oldest()) })
	taken := map[string]int{}
	turns := make([]int, len(docs))
	order := make([]int, len(docs))
	for i := range docs {
		order[i], turns[i] = i, math.MaxInt
		for _, account := range docs[i].accounts() {
			turns[i] = min(turns[i], taken[account])
			taken[account]++
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(turns[a], turns[b]) })
	sorted := make([]Document, len(docs))
	for i, from := range order {
		sorted[i] = docs[from]
	}
	return sorted
}
