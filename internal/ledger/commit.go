// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// headerPart is the number of the part that is not a page.
const headerPart = -1

// part names a header or a page in the storage.
type part struct {
	id     ID
	number int // of the page, or headerPart
}

// unsure is what a failed batch tried to write. A storage may fail after it has written, even in part, so the next commit
// writes these parts again, as they are by then.
type unsure struct {
	parts []part
	index bool
}

// batch is what one commit writes.
type batch struct {
	ops      []*storage.Operation
	parts    []part
	saved    []savedPartition
	index    bool
	indexLen int
}

// savedPartition is what a partition remembers of a batch that succeeded.
type savedPartition struct {
	partition *partition
	pages     []page
	bytes     int
}

// Commit saves everything the transaction changed in one storage batch: the pages of series that changed, the headers of
// their partitions, and the list of partitions if it changed. It also saves which zeros were emitted, see
// [Ledger.Emitted]. With nothing to save it does not touch the storage. If it returns an error the transaction has been
// rolled back.
func (tx *Tx) Commit(ctx context.Context) error {
	if tx.done {
		return errors.New("ledger: commit after the transaction")
	}
	if tx.err != nil {
		tx.Rollback()
		return tx.err
	}
	tx.includeZeros()
	b := tx.encode()
	if len(b.ops) == 0 {
		tx.succeed(b)
		return nil
	}
	if err := tx.ledger.client.Batch(ctx, b.ops...); err != nil {
		tx.abort(b)
		return fmt.Errorf("ledger: saving %d storage keys: %w", len(b.ops), err)
	}
	tx.succeed(b)
	return nil
}

// includeZeros lets the series whose zero was emitted show their value, to be saved with this transaction.
func (tx *Tx) includeZeros() {
	for id, p := range tx.ledger.partitions {
		if len(p.zeroSeen) == 0 {
			continue
		}
		p.setState(p.zeroSeen, shown)
		c := tx.change(id)
		for _, i := range p.zeroSeen {
			c.touch(int(i) / pageSeries)
		}
	}
}

func (tx *Tx) abort(b *batch) {
	l := tx.ledger
	for _, p := range l.partitions {
		p.setState(p.zeroSeen, zeroSeen)
	}
	l.unsure = unsure{parts: b.parts, index: b.index}
	tx.Rollback()
}

func (tx *Tx) succeed(b *batch) {
	tx.finish()
	l := tx.ledger
	for _, s := range b.saved {
		s.partition.zeroSeen = nil
		s.partition.pages = s.pages
		s.partition.savedBytes = s.bytes
	}
	if b.index {
		l.generation++
		l.indexSize = b.indexLen
	}
	l.unsure = unsure{}
	l.refused += tx.refused
}

func (tx *Tx) encode() *batch {
	b := &batch{index: tx.ledger.unsure.index}
	tx.includeUnsure(b)
	for _, c := range tx.order {
		if (c.before == nil) != (c.after == nil) {
			b.index = true
		}
		b.addChange(&tx.ledger.encoder, c)
	}
	if b.index {
		b.addIndex(tx.ledger)
	}
	return b
}

// includeUnsure marks what is left of the parts of a failed batch to be written again, and deletes the rest.
func (tx *Tx) includeUnsure(b *batch) {
	for _, part := range tx.ledger.unsure.parts {
		p := tx.ledger.partitions[part.id]
		switch {
		case p == nil || part.number >= p.pageCount():
			b.delete(part)
		case part.number == headerPart:
			tx.change(part.id).header = true
		default:
			tx.change(part.id).touch(part.number)
		}
	}
}

func (b *batch) addChange(enc *encoder, c *change) {
	before, after := 0, 0
	if c.before != nil {
		before = len(c.before.pages)
	}
	if c.after != nil {
		after = c.after.pageCount()
	}
	switch {
	case c.after != nil && c.header:
		b.addPartition(enc, c)
	case c.after == nil && c.before != nil:
		b.delete(part{id: c.id, number: headerPart})
	}
	for n := after; n < before; n++ {
		b.delete(part{id: c.id, number: n})
	}
}

func (b *batch) addPartition(enc *encoder, c *change) {
	p := c.after
	pages := slices.Grow(slices.Clone(p.pages), p.pageCount()-len(p.pages))[:p.pageCount()]
	for n, dirty := range c.dirty {
		if dirty {
			encoded := enc.page(p.id, n, p.metrics, p.pageEntries(n))
			pages[n] = page{checksum: storedChecksum(encoded), bytes: uint32(len(encoded))}
			b.set(part{id: p.id, number: n}, encoded)
		}
	}
	h := header{id: p.id, cursor: p.cursor, metrics: p.metrics, series: len(p.entries)}
	size := 0
	for _, saved := range pages {
		h.checksums += uint64(saved.checksum)
		size += int(saved.bytes)
	}
	encoded := enc.header(h)
	b.set(part{id: p.id, number: headerPart}, encoded)
	b.saved = append(b.saved, savedPartition{partition: p, pages: pages, bytes: size + len(encoded)})
}

func (b *batch) addIndex(l *Ledger) {
	encoded := l.encoder.index(index{generation: l.generation + 1, ids: l.sortedIDs()})
	for _, key := range indexKeys() {
		b.ops = append(b.ops, storage.SetOperation(key, encoded))
		b.indexLen += len(encoded)
	}
}

func (b *batch) set(p part, value []byte) {
	b.ops = append(b.ops, storage.SetOperation(p.key(), value))
	b.parts = append(b.parts, p)
}

func (b *batch) delete(p part) {
	b.ops = append(b.ops, storage.DeleteOperation(p.key()))
	b.parts = append(b.parts, p)
}
