// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"fmt"
	"time"
)

// Tx is a set of changes that Commit saves as a whole or not at all. It is not usable after Commit or Rollback.
//
// Its changes can be read from the ledger at once. Mistakes of the caller, such as an addition to a partition that is
// not defined, make Commit fail.
type Tx struct {
	ledger  *Ledger
	changes map[ID]*change
	order   []*change
	last    *change // the one looked up last: additions come partition by partition
	refused uint64
	err     error // the caller's first mistake
	done    bool
}

// change is what a transaction did to one partition.
type change struct {
	id     ID
	before *partition // when the transaction first touched it; nil: there was none
	after  *partition // nil: deleted

	// What it takes to bring before back.
	cursor  []byte
	metrics []Metric
	series  int
	undo    []*[pageSeries]uint64 // by page of before: the bits of its entries, nil if they are the same

	header bool   // the header of after has to be saved
	dirty  []bool // by page of after; those past the end are clean
}

// Add raises a series of a defined partition; equal label sets are added up. The metric is an index into the defined
// metrics, the values are in the order of its attributes. A series first seen gets the start timestamp, which must lie
// in the range of [time.Time.UnixNano].
//
// When the metric has as many series as its Limit, what is added to a series that it does not have goes to its one
// overflow series instead, so the sum over all series is the same with any limit. Series it has are never moved there. A
// metric without attributes has one series, whatever the limit.
//
// Cumulative counters never go down and never wrap around: they stay at the largest finite value of their type, and an
// increment that is negative, NaN, infinite, a double for an integer metric, or for a label set longer than 64 KiB is
// refused and counted in [Stats].
func (tx *Tx) Add(id ID, metric int, values []string, start time.Time, v Value) {
	c := tx.defined(id, "add to")
	if c == nil {
		return
	}
	if err := c.after.check(metric, values); err != nil {
		tx.fail(err)
		return
	}
	tx.add(c, metric, values, start, v)
}

// AddOverflow raises the overflow series of a metric, also when the metric is below its limit. It serves for what is known
// in total only: the part of an ungrouped total that the label sets at hand do not explain. A metric without attributes
// has no overflow series; its only series is raised. For the rest it is like [Tx.Add].
func (tx *Tx) AddOverflow(id ID, metric int, start time.Time, v Value) {
	c := tx.defined(id, "add to the overflow of")
	if c == nil {
		return
	}
	if err := c.after.checkMetric(metric); err != nil {
		tx.fail(err)
		return
	}
	tx.add(c, metric, nil, start, v)
}

// Set makes a series of a [Bits] metric hold the value. A series first seen gets the start timestamp. A label set longer
// than 64 KiB is refused and counted in [Stats]; there is no overflow series, whatever the Limit.
func (tx *Tx) Set(id ID, metric int, values []string, start time.Time, bits uint64) {
	c := tx.defined(id, "set in")
	if c == nil {
		return
	}
	if err := c.after.check(metric, values); err != nil {
		tx.fail(err)
		return
	}
	if m := &c.after.metrics[metric]; m.Type != Bits {
		tx.fail(fmt.Errorf("metric %s of partition %v is counted, not set", m.Name, id))
		return
	}
	key := tx.ledger.makeKey(metric, values)
	if len(key) > maxKeyBytes {
		tx.refused++
		return
	}
	i, ok := c.after.index[string(key)]
	if !ok {
		i = c.insert(key, metric, start)
	}
	c.put(i, bits)
}

// Prune removes the series of a defined partition that are not to be kept. Its cost follows the size of the partition.
func (tx *Tx) Prune(id ID, keep func(Series) bool) {
	c := tx.defined(id, "prune")
	if c == nil {
		return
	}
	old := c.after
	p := newPartition(id, old.metrics)
	p.cursor = old.cursor
	for i := range old.entries {
		e := &old.entries[i]
		if keep(Series{entry: e, metric: &old.metrics[e.metric]}) {
			p.insert(*e)
		}
	}
	if len(p.entries) == len(old.entries) {
		return
	}
	p.relist()
	tx.replace(c, p)
}

// SetCursor replaces the cursor of a defined partition. The bytes are copied.
func (tx *Tx) SetCursor(id ID, cursor []byte) {
	c := tx.defined(id, "set the cursor of")
	if c == nil || bytes.Equal(c.after.cursor, cursor) {
		return
	}
	c.after.cursor = bytes.Clone(cursor)
	c.header = true
}

// Delete removes a partition with everything in it, if it exists.
func (tx *Tx) Delete(id ID) {
	if _, ok := tx.ledger.partitions[id]; ok && !tx.done {
		tx.replace(tx.change(id), nil)
	}
}

// Rollback takes all changes back. After Commit or Rollback it does nothing, so it can be deferred.
func (tx *Tx) Rollback() {
	if tx.done {
		return
	}
	tx.finish()
	for _, c := range tx.order {
		tx.ledger.set(c.id, c.before)
		if c.before != nil {
			c.restore()
		}
	}
}

func (tx *Tx) finish() {
	tx.done = true
	tx.ledger.tx = nil
}

func (tx *Tx) fail(err error) {
	if tx.err == nil {
		tx.err = fmt.Errorf("ledger: %w", err)
	}
}

// defined returns the change of a partition that must exist, or nil.
func (tx *Tx) defined(id ID, doing string) *change {
	if c := tx.last; c != nil && c.id == id && c.after != nil && !tx.done {
		return c
	}
	if _, ok := tx.ledger.partitions[id]; !ok || tx.done {
		tx.fail(fmt.Errorf("%s partition %v, which is not defined in an open transaction", doing, id))
		return nil
	}
	tx.last = tx.change(id)
	return tx.last
}

func (tx *Tx) change(id ID) *change {
	c, ok := tx.changes[id]
	if !ok {
		c = newChange(id, tx.ledger.partitions[id])
		tx.changes[id] = c
		tx.order = append(tx.order, c)
	}
	return c
}

func newChange(id ID, p *partition) *change {
	c := &change{id: id, before: p, after: p}
	if p != nil {
		c.cursor = p.cursor
		c.metrics = p.metrics
		c.series = len(p.entries)
	}
	return c
}

// replace puts p in the place of the partition; nil removes it.
func (tx *Tx) replace(c *change, p *partition) {
	c.after = p
	c.dirty = nil
	c.header = true
	if p != nil {
		c.touchAll()
	}
	tx.ledger.set(c.id, p)
}

func (l *Ledger) set(id ID, p *partition) {
	if _, ok := l.partitions[id]; ok != (p != nil) {
		l.ids = nil
	}
	if p == nil {
		delete(l.partitions, id)
		return
	}
	l.partitions[id] = p
}

// add raises the series with these values; without values, that is the overflow series or the only one.
func (tx *Tx) add(c *change, metric int, values []string, start time.Time, v Value) {
	key := tx.ledger.makeKey(metric, values)
	if len(key) > maxKeyBytes || !v.isIncrement(c.after.metrics[metric].Type) {
		tx.refused++
		return
	}
	i, ok := c.after.index[string(key)]
	if !ok && len(values) > 0 && c.after.room(metric) == 0 {
		key = tx.ledger.makeKey(metric, nil)
		i, ok = c.after.index[string(key)]
	}
	if !ok {
		i = c.insert(key, metric, start)
	}
	c.raise(i, v)
}

func (c *change) insert(key []byte, metric int, start time.Time) uint32 {
	i := c.after.insert(entry{key: string(key), start: start.UnixNano(), metric: uint32(metric)})
	c.touch(int(i) / pageSeries)
	return i
}

func (c *change) raise(i uint32, v Value) {
	e := &c.after.entries[i]
	c.put(i, c.after.metrics[e.metric].Type.raise(e.bits, v))
}

func (c *change) put(i uint32, bits uint64) {
	p := c.after
	e := &p.entries[i]
	if bits == e.bits {
		return
	}
	if p == c.before && int(i) < c.series {
		c.remember(int(i) / pageSeries)
	}
	e.bits = bits
	c.touch(int(i) / pageSeries)
}

// remember keeps the values of a page of before that is about to be changed. Pages are few: additions to the same series,
// or to many, do not make it long.
func (c *change) remember(page int) {
	if c.undo == nil {
		c.undo = make([]*[pageSeries]uint64, pageCount(c.series))
	}
	if c.undo[page] != nil {
		return
	}
	c.undo[page] = new([pageSeries]uint64)
	for i, e := range c.before.pageEntries(page) {
		c.undo[page][i] = e.bits
	}
}

// touch marks a page to be saved, and with it the header, which vouches for the page.
func (c *change) touch(page int) {
	for page >= len(c.dirty) {
		c.dirty = append(c.dirty, false)
	}
	c.dirty[page] = true
	c.header = true
}

func (c *change) touchAll() {
	c.header = true
	for n := range c.after.pageCount() {
		c.touch(n)
	}
}

// restore makes before what it was when the transaction first touched it.
func (c *change) restore() {
	p := c.before
	p.truncate(c.series)
	for page, values := range c.undo {
		if values == nil {
			continue
		}
		entries := p.pageEntries(page)
		for i := range entries {
			entries[i].bits = values[i]
		}
	}
	p.cursor = c.cursor
	p.metrics = c.metrics
}
