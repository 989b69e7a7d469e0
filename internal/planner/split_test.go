// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package planner

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHalves(t *testing.T) {
	t.Parallel()
	second := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	for name, tt := range map[string]struct {
		window     Window
		resolution time.Duration
		middle     time.Time
		ok         bool
	}{
		"even":                     {window(0, 60), time.Minute, at(30), true},
		"odd":                      {window(0, 3), time.Minute, at(1), true},
		"two":                      {window(0, 2), time.Minute, at(1), true},
		"one":                      {window(0, 1), time.Minute, time.Time{}, false},
		"a minute in seconds":      {window(0, 1), time.Second, second(30), true},
		"a second":                 {Window{second(0), second(1)}, time.Second, time.Time{}, false},
		"below the resolution":     {Window{second(0), second(59)}, time.Minute, time.Time{}, false},
		"across a boundary":        {Window{second(59), second(61)}, time.Minute, second(60), true},
		"just after a boundary":    {Window{second(1), second(62)}, time.Minute, second(60), true},
		"within one minute":        {Window{second(1), second(60)}, time.Minute, time.Time{}, false},
		"boundary in the far half": {Window{second(1), second(61)}, time.Minute, second(60), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, ok := tt.window.Halves(tt.resolution)
			require.Equal(t, tt.ok, ok)
			if !ok {
				assert.Equal(t, tt.window, first)
				return
			}
			assert.Equal(t, Window{tt.window.From, tt.middle}, first)
			assert.Equal(t, Window{tt.middle, tt.window.To}, second)
		})
	}
}

// Wherever a window lies, its halves meet at a multiple of the resolution strictly inside, if there is one.
func TestHalvesOfAnyWindow(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	resolutions := []time.Duration{time.Second, 7 * time.Second, time.Minute, time.Hour}
	for range 20_000 {
		resolution := resolutions[random.IntN(len(resolutions))]
		from := noon.Add(time.Duration(random.IntN(10_000)) * time.Second)
		w := Window{from, from.Add(time.Duration(1+random.IntN(10_000)) * time.Second)}
		next := w.From.Truncate(resolution).Add(resolution)
		first, second, ok := w.Halves(resolution)
		require.Equal(t, next.Before(w.To), ok, "%v at %v", w, resolution)
		if !ok {
			continue
		}
		require.Equal(t, Window{first.From, second.To}, w)
		require.Equal(t, first.To, second.From)
		require.Equal(t, first.To, first.To.Truncate(resolution))
		require.Positive(t, first.Width())
		require.Positive(t, second.Width())
	}
}

func TestSplitGoesAlongDatasetsThenScopesThenTime(t *testing.T) {
	t.Parallel()
	a, b, c := zone("x", 1), zone("x", 2), zone("x", 3)
	p := Part{Dataset: "p", Window: window(0, 3), Resolution: time.Minute}
	q := Part{Dataset: "q", Window: window(1, 5), Resolution: time.Minute}
	gauges := Part{Dataset: "g", Gauges: true, Window: window(0, 3), Resolution: time.Second}
	over := func(from, to int) []Part {
		return []Part{{Dataset: "p", Window: window(from, to), Resolution: time.Minute, Cut: true}}
	}
	for name, tt := range map[string]struct {
		doc, first, second Document
		ok                 bool
	}{
		"datasets": {Document{[]Scope{a, b}, []Part{p, q}}, Document{[]Scope{a, b}, []Part{p}}, Document{[]Scope{a, b}, []Part{q}}, true},
		"three datasets": {
			Document{[]Scope{a}, []Part{gauges, p, q}},
			Document{[]Scope{a}, []Part{gauges}},
			Document{[]Scope{a}, []Part{p, q}},
			true,
		},
		"scopes":       {Document{[]Scope{a, b, c}, []Part{p}}, Document{[]Scope{a}, []Part{p}}, Document{[]Scope{b, c}, []Part{p}}, true},
		"gauges":       {Document{[]Scope{a, b}, []Part{gauges}}, Document{[]Scope{a}, []Part{gauges}}, Document{[]Scope{b}, []Part{gauges}}, true},
		"time":         {Document{[]Scope{a}, []Part{p}}, Document{[]Scope{a}, over(0, 1)}, Document{[]Scope{a}, over(1, 3)}, true},
		"gauges' time": {doc: Document{[]Scope{a}, []Part{gauges}}},
		"a granule":    {doc: Document{[]Scope{a}, over(0, 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, ok := tt.doc.Split()
			require.Equal(t, tt.ok, ok)
			if ok {
				assert.Equal(t, outline(tt.first), outline(first))
				assert.Equal(t, outline(tt.second), outline(second))
			}
		})
	}
	assert.Equal(t, window(0, 3), p.Window, "the parts of the original are left alone")
}

// outline is what a document asks for.
func outline(d Document) []string {
	var list []string
	for _, s := range d.Scopes {
		for _, p := range d.Parts {
			list = append(list, fmt.Sprintln(s, p.Dataset, p.Gauges, p.Window, p.Resolution, p.Cut))
		}
	}
	return list
}

// cell is what must be covered exactly once, however a document is split.
type cell struct {
	scope   Scope
	dataset string
	gauges  bool
	from    time.Time // of the part as planned, which tells a partition's windows apart
}

// Splitting down to nothing left asks for the same as the whole document, in the same order of time.
func TestSplitCoversTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		w := newWorld(seed)
		for i := range w.partitions {
			w.partitions[i].Source.Step = min(w.partitions[i].Source.Step, 20*w.partitions[i].Source.Resolution)
			w.partitions[i].Source.Step = max(w.partitions[i].Source.Step, w.partitions[i].Source.Granularity)
		}
		for _, d := range w.plan() {
			checkSplit(t, d)
		}
	}
}

func checkSplit(t *testing.T, doc Document) {
	t.Helper()
	reached := map[cell]time.Time{}
	begin := func(c cell, w Window) {
		if reached[c].IsZero() {
			reached[c] = w.From
		}
	}
	eachCell(doc, doc, begin)
	var leaves func(Document)
	leaves = func(d Document) {
		first, second, ok := d.Split()
		if ok {
			require.NotEmpty(t, first.Scopes)
			require.NotEmpty(t, second.Parts)
			leaves(first)
			leaves(second)
			return
		}
		require.Equal(t, 1, d.Nodes(), "nothing left to split")
		part := d.Parts[0]
		require.True(t, part.Gauges || part.Window.Width() <= part.Resolution)
		eachCell(doc, d, func(c cell, w Window) {
			require.Equal(t, reached[c], w.From, "neither a gap nor an overlap")
			require.Positive(t, w.Width())
			reached[c] = w.To
		})
	}
	leaves(doc)
	eachCell(doc, doc, func(c cell, w Window) { require.Equal(t, w.To, reached[c], "covered to the end") })
}

// eachCell visits scopes × parts of a document that was split from the whole.
func eachCell(whole, d Document, visit func(cell, Window)) {
	for _, s := range d.Scopes {
		for _, p := range d.Parts {
			for _, planned := range whole.Parts {
				if p.Dataset == planned.Dataset && p.Gauges == planned.Gauges &&
					!p.Window.From.Before(planned.Window.From) && !p.Window.To.After(planned.Window.To) {
					visit(cell{s, p.Dataset, p.Gauges, planned.Window.From}, p.Window)
				}
			}
		}
	}
}
