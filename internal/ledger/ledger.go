// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package ledger keeps cumulative series and saves them atomically together with the position they were counted up to.
//
// A [Ledger] holds partitions. A partition, named by an [ID], is a set of cumulative metrics with their series, and a
// cursor: bytes that only the caller understands (a watermark, a set of idempotency keys). All changes are made through a
// [Tx], whose Commit writes counters and cursors in one storage batch or, if that fails, takes everything back in memory
// too. So what a cursor says was counted is exactly what the counters hold, whatever fails in between.
//
// A series is born with the value 0 shown, and shows what it holds only after its zero was emitted and that fact was
// saved; see [Ledger.Emitted]. What is shown is always saved, so no shown value goes down over a crash or a failed save.
//
// The number of series of a metric can be limited. What comes beyond the limit is kept in one overflow series, so totals
// stay right; what was there before is never folded away.
//
// The package knows series and bytes. What the series mean, where increments come from, how values become telemetry and
// when to commit is left to its callers.
//
// A Ledger, its transactions and what they return are for use from one goroutine.
package ledger

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// ID names a partition. Both parts are free text.
type ID struct {
	Family string
	Scope  string
}

func (id ID) compare(other ID) int {
	return cmp.Or(cmp.Compare(id.Family, other.Family), cmp.Compare(id.Scope, other.Scope))
}

// Metric defines one cumulative metric of a partition. Its name is unique in the partition.
type Metric struct {
	Name       string
	Attributes []string // keys, in the order of the values given to [Tx.Add]
	Type       ValueType

	// Derived says, by key, how values of an attribute follow from those of another one. A metric that has the other one
	// in its place is continued by this one, with its series summed; see [Tx.Define]. It is not saved.
	Derived map[string]Derivation

	// Limit is the most series the metric has besides its overflow series, see [Tx.Add]; 0 means no limit. It is neither
	// saved nor part of what the metric is: with another limit everything continues, also what is beyond it.
	Limit int
}

// Derivation makes the value of an attribute from that of another one.
type Derivation struct {
	From  string
	Value func(string) string
}

// Stats describes what a ledger holds.
type Stats struct {
	Partitions   int
	Series       int
	Overflow     int    // overflow series among them, one of each metric that met its limit
	EncodedBytes int    // as last saved, storage keys not included
	Refused      uint64 // increments refused since Open, see [Tx.Add]; those of transactions rolled back are not included
	SetAside     int    // partitions that Open found unusable and set aside
}

// Ledger is a set of partitions and the storage they are saved in.
type Ledger struct {
	client     storage.Client
	logger     *zap.Logger
	partitions map[ID]*partition
	ids        []ID // sorted; nil when it has to be made anew
	tx         *Tx  // the open transaction, if any
	encoder    encoder
	key        []byte // memory that is used again from series to series

	generation uint64 // of the saved index
	indexSize  int
	unsure     unsure
	refused    uint64
	setAside   int
}

// Open reads everything saved in the storage. State that cannot be used (damaged, foreign, of an unknown version) is
// logged and set aside, partition by partition: a raw copy stays in the storage under a key of its own, and the
// partition is not there until it is defined again. An error means that the storage itself failed.
//
// The ledger does not own the client; closing it is left to the caller. All its keys begin with "ledger/".
func Open(ctx context.Context, client storage.Client, logger *zap.Logger) (*Ledger, error) {
	l := &Ledger{client: client, logger: logger, partitions: map[ID]*partition{}}
	if err := l.load(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// IDs returns the partitions in the order of family and scope.
func (l *Ledger) IDs() []ID {
	return slices.Clone(l.sortedIDs())
}

func (l *Ledger) sortedIDs() []ID {
	if l.ids == nil {
		l.ids = slices.SortedFunc(maps.Keys(l.partitions), ID.compare)
	}
	return l.ids
}

// Cursor returns the cursor last set, nil if none was; false means that there is no such partition.
func (l *Ledger) Cursor(id ID) ([]byte, bool) {
	p, ok := l.partitions[id]
	if !ok {
		return nil, false
	}
	return bytes.Clone(p.cursor), true
}

// Metrics returns what the partition was last defined with. The result must not be modified.
func (l *Ledger) Metrics(id ID) []Metric {
	if p, ok := l.partitions[id]; ok {
		return p.metrics
	}
	return nil
}

// Series yields every series of the partition, metric by metric in the order of [Ledger.Metrics], in an order that stays
// the same from call to call and over restarts. While a transaction is open the values include its additions, which are
// not saved: emit outside of transactions. A yielded Series is valid until the next transaction begins.
func (l *Ledger) Series(id ID) iter.Seq[Series] {
	return func(yield func(Series) bool) {
		p, ok := l.partitions[id]
		if !ok {
			return
		}
		for m, members := range p.byMetric {
			metric := &p.metrics[m]
			for _, i := range members.entries {
				if !yield(Series{entry: &p.entries[i], metric: metric}) {
					return
				}
			}
		}
		p.listed = len(p.entries)
	}
}

// Held is [Ledger.Series] for reading without emitting: it leaves what [Ledger.Emitted] speaks about as it is.
func (l *Ledger) Held(id ID) iter.Seq[Series] {
	return func(yield func(Series) bool) {
		p, ok := l.partitions[id]
		if !ok {
			return
		}
		for i := range p.entries {
			e := &p.entries[i]
			if !yield(Series{entry: e, metric: &p.metrics[e.metric]}) {
				return
			}
		}
	}
}

// Get returns what a series holds, shown or not; false means that the metric has no such series. The values are in the
// order of [Metric].Attributes.
func (l *Ledger) Get(id ID, metric int, values []string) (Value, bool) {
	p, ok := l.partitions[id]
	if !ok || p.check(metric, values) != nil {
		return Value{}, false
	}
	i, ok := p.index[string(l.makeKey(metric, values))]
	if !ok {
		return Value{}, false
	}
	return Value{bits: p.entries[i].bits, valueType: p.metrics[metric].Type}, true
}

// Emitted says that what Series yielded since the last call has been emitted. Series that were shown as 0 because they
// are new show their value once the next successful commit has saved that their zero is out. A partition whose Series
// were not read to the end is left as it was, and so is everything while a transaction is open.
func (l *Ledger) Emitted() {
	if l.tx != nil {
		return
	}
	for _, p := range l.partitions {
		p.emitted()
	}
}

// makeKey returns a series key in memory that the next call uses again.
func (l *Ledger) makeKey(metric int, values []string) []byte {
	l.key = appendKey(l.key[:0], metric, values)
	return l.key
}

// Stats returns what the ledger holds now.
func (l *Ledger) Stats() Stats {
	s := Stats{Partitions: len(l.partitions), EncodedBytes: l.indexSize, Refused: l.refused, SetAside: l.setAside}
	for _, p := range l.partitions {
		s.Series += len(p.entries)
		s.Overflow += p.overflows
		s.EncodedBytes += p.savedBytes
	}
	return s
}

// Begin starts a transaction. One is open at a time: a former one that was neither committed nor rolled back is rolled
// back here.
func (l *Ledger) Begin() *Tx {
	if l.tx != nil {
		l.tx.Rollback()
	}
	l.tx = &Tx{ledger: l, changes: map[ID]*change{}}
	return l.tx
}
