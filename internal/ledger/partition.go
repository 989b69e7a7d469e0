// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"time"
)

// pageSeries is the number of series that are saved under one storage key: few enough that a changed series costs little
// to save, enough that the label values they share are written once for many.
const pageSeries = 128

// state says how far a series is on its way from being born to showing its value.
type state uint8

const (
	unseen   state = iota // its zero was not emitted yet
	zeroSeen              // its zero was emitted, the next commit saves that
	shown                 // saved: its value may be shown
)

// entry is one series. Entries have no holes and keep their places, so the n-th page holds the n-th pageSeries of them.
type entry struct {
	key    string // see appendKey
	bits   uint64 // see Value
	start  int64  // Unix time in nanoseconds
	metric uint32
	state  state
}

// page describes a page as it is saved.
type page struct {
	checksum uint32
	bytes    uint32
}

// members are the series of one metric.
type members struct {
	entries  []uint32 // ascending
	overflow bool     // one of them is the overflow series
}

type partition struct {
	id      ID
	cursor  []byte // replaced, never modified
	metrics []Metric

	entries  []entry
	index    map[string]uint32 // entries by key
	byMetric []members

	overflows int // overflow series among the entries

	unseen   []uint32 // entries in that state, ascending
	zeroSeen []uint32 // entries in that state
	listed   int      // how many entries Series has yielded

	pages      []page
	savedBytes int // header and pages
}

func newPartition(id ID, metrics []Metric) *partition {
	return &partition{
		id:       id,
		metrics:  metrics,
		index:    map[string]uint32{},
		byMetric: make([]members, len(metrics)),
	}
}

// insert appends an entry; its key must be a new one.
func (p *partition) insert(e entry) uint32 {
	i := uint32(len(p.entries))
	p.entries = append(p.entries, e)
	p.list(i)
	return i
}

// listAll is list for all entries of a new partition. It returns false if a key occurs twice.
func (p *partition) listAll() bool {
	p.index = make(map[string]uint32, len(p.entries))
	for i := range p.entries {
		p.list(uint32(i))
	}
	return len(p.index) == len(p.entries)
}

// list makes an entry known by its key, its metric and its state.
func (p *partition) list(i uint32) {
	e := &p.entries[i]
	p.index[e.key] = i
	of := &p.byMetric[e.metric]
	of.entries = append(of.entries, i)
	if p.isOverflow(e) {
		of.overflow = true
		p.overflows++
	}
	if e.state == unseen {
		p.unseen = append(p.unseen, i)
	}
}

// truncate takes the entries from the n-th on out again.
func (p *partition) truncate(n int) {
	for i := len(p.entries) - 1; i >= n; i-- {
		e := &p.entries[i]
		delete(p.index, e.key)
		of := &p.byMetric[e.metric]
		of.entries = dropLast(of.entries)
		if p.isOverflow(e) {
			of.overflow = false
			p.overflows--
		}
		p.unseen = dropLast(p.unseen)
	}
	clear(p.entries[n:])
	p.entries = p.entries[:n]
	p.listed = min(p.listed, n)
}

func dropLast(s []uint32) []uint32 {
	return s[:len(s)-1]
}

// emitted moves the series whose zero was listed on to zeroSeen.
func (p *partition) emitted() {
	n := 0
	for n < len(p.unseen) && int(p.unseen[n]) < p.listed {
		n++
	}
	p.setState(p.unseen[:n], zeroSeen)
	p.zeroSeen = append(p.zeroSeen, p.unseen[:n]...)
	p.unseen = p.unseen[n:]
	if len(p.unseen) == 0 {
		p.unseen = nil
	}
	p.listed = 0
}

func (p *partition) setState(entries []uint32, s state) {
	for _, i := range entries {
		p.entries[i].state = s
	}
}

// seed gives each metric without attributes its only series.
func (p *partition) seed(start time.Time) {
	for m, metric := range p.metrics {
		if len(metric.Attributes) == 0 && len(p.byMetric[m].entries) == 0 {
			p.insert(entry{key: string(appendKey(nil, m, nil)), start: start.UnixNano(), metric: uint32(m)})
		}
	}
}

func (p *partition) checkMetric(metric int) error {
	if metric < 0 || metric >= len(p.metrics) {
		return fmt.Errorf("partition %v has no metric %d", p.id, metric)
	}
	return nil
}

func (p *partition) check(metric int, values []string) error {
	if err := p.checkMetric(metric); err != nil {
		return err
	}
	if m := p.metrics[metric]; len(values) != len(m.Attributes) {
		return fmt.Errorf("metric %s of partition %v has %d attributes, got %d values", m.Name, p.id, len(m.Attributes), len(values))
	}
	return nil
}

func (p *partition) pageCount() int {
	return pageCount(len(p.entries))
}

func pageCount(series int) int {
	return (series + pageSeries - 1) / pageSeries
}

// pageEntries returns the entries of the n-th page.
func (p *partition) pageEntries(n int) []entry {
	return p.entries[n*pageSeries : min((n+1)*pageSeries, len(p.entries))]
}
