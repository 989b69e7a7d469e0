// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// batchReads is the number of keys read in one storage batch; with full pages that is a few megabytes.
const batchReads = 1000

// loader reads the saved state into a ledger.
type loader struct {
	*Ledger
	unusable []unusable
}

// unusable is a partition that cannot be read.
type unusable struct {
	id     ID
	pages  int // -1: not known
	reason error
}

// loading is a partition whose header was read and whose pages are to come.
type loading struct {
	header
	partition *partition
	reason    error // why it cannot be used
}

func (l *Ledger) load(ctx context.Context) error {
	ld := &loader{Ledger: l}
	ids, err := ld.readIndex(ctx)
	if err != nil {
		return err
	}
	headers, err := ld.readHeaders(ctx, ids)
	if err != nil {
		return err
	}
	if err := ld.readPages(ctx, headers); err != nil {
		return err
	}
	for _, h := range headers {
		ld.accept(h)
	}
	return ld.setAsideUnusable(ctx)
}

// readIndex returns the partitions that the later of the readable copies lists.
func (ld *loader) readIndex(ctx context.Context) ([]ID, error) {
	keys := indexKeys()
	records, err := ld.get(ctx, keys[:])
	if err != nil {
		return nil, err
	}
	var best *index
	var damage []error
	for i, record := range records {
		x, err := decodeIndex(record)
		if err != nil {
			damage = append(damage, fmt.Errorf("%s: %w", keys[i], err))
			continue
		}
		if best == nil || x.generation > best.generation {
			best = &x
			ld.indexSize = len(records) * len(record)
		}
	}
	if records[0] == nil && records[1] == nil {
		return nil, nil
	}
	ld.unsure.index = len(damage) > 0 // the next commit repairs it
	if best == nil {
		return nil, ld.setAsideIndex(ctx, keys[:], records, errors.Join(damage...))
	}
	if len(damage) > 0 {
		ld.logger.Warn("One copy of the list of ledger partitions cannot be used; the other one serves", zap.Error(damage[0]))
	}
	ld.generation = best.generation
	return best.ids, nil
}

func (ld *loader) readHeaders(ctx context.Context, ids []ID) ([]*loading, error) {
	var read []*loading
	for chunk := range slices.Chunk(ids, batchReads) {
		keys := make([]string, len(chunk))
		for i, id := range chunk {
			keys[i] = part{id: id, number: headerPart}.key()
		}
		records, err := ld.get(ctx, keys)
		if err != nil {
			return nil, err
		}
		for i, record := range records {
			if h := ld.openHeader(chunk[i], record); h != nil {
				read = append(read, h)
			}
		}
	}
	return read, nil
}

func (ld *loader) openHeader(id ID, record []byte) *loading {
	h, err := decodeHeader(record)
	if err == nil && h.id != id {
		err = fmt.Errorf("it belongs to partition %v", h.id)
	}
	if err != nil {
		ld.unusable = append(ld.unusable, unusable{id: id, pages: -1, reason: fmt.Errorf("header: %w", err)})
		return nil
	}
	p := newPartition(id, h.metrics)
	p.cursor = h.cursor
	p.savedBytes = len(record)
	return &loading{header: h, partition: p}
}

// pageRead is one page to be read.
type pageRead struct {
	of     *loading
	number int
}

func (ld *loader) readPages(ctx context.Context, headers []*loading) error {
	var reads []pageRead
	for _, h := range headers {
		for n := range pageCount(h.series) {
			if h.reason != nil {
				break
			}
			reads = append(reads, pageRead{of: h, number: n})
			if len(reads) < batchReads {
				continue
			}
			if err := ld.readBatch(ctx, reads); err != nil {
				return err
			}
			reads = reads[:0]
		}
	}
	return ld.readBatch(ctx, reads)
}

func (ld *loader) readBatch(ctx context.Context, reads []pageRead) error {
	keys := make([]string, len(reads))
	for i, r := range reads {
		keys[i] = part{id: r.of.id, number: r.number}.key()
	}
	records, err := ld.get(ctx, keys)
	if err != nil {
		return err
	}
	for i, r := range reads {
		if r.of.reason != nil {
			continue
		}
		if err := r.of.addPage(r.number, records[i]); err != nil {
			r.of.reason = fmt.Errorf("page %d: %w", r.number, err)
		}
	}
	return nil
}

func (h *loading) addPage(number int, record []byte) error {
	read, err := decodePage(record, h.metrics)
	switch {
	case err != nil:
		return err
	case read.id != h.id || read.number != number:
		return fmt.Errorf("it is page %d of partition %v", read.number, read.id)
	case len(read.entries) != min(pageSeries, h.series-number*pageSeries):
		return fmt.Errorf("it has %d series", len(read.entries))
	}
	p := h.partition
	p.entries = append(p.entries, read.entries...)
	h.checksums -= uint64(storedChecksum(record))
	p.pages = append(p.pages, page{checksum: storedChecksum(record), bytes: uint32(len(record))})
	p.savedBytes += len(record)
	return nil
}

// accept takes the partition into the ledger if all of it was read and belongs together.
func (ld *loader) accept(h *loading) {
	if h.reason == nil && h.checksums != 0 {
		h.reason = errors.New("header and pages were not saved together")
	}
	if h.reason == nil && !h.partition.listAll() {
		h.reason = errors.New("it has a series for the second time")
	}
	if h.reason != nil {
		ld.unusable = append(ld.unusable, unusable{id: h.id, pages: pageCount(h.series), reason: h.reason})
		return
	}
	ld.partitions[h.id] = h.partition
}

// get reads the values of the keys, nil for those that are missing.
func (ld *loader) get(ctx context.Context, keys []string) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	ops := make([]*storage.Operation, len(keys))
	for i, key := range keys {
		ops[i] = storage.GetOperation(key)
	}
	if err := ld.client.Batch(ctx, ops...); err != nil {
		return nil, fmt.Errorf("ledger: reading %d storage keys: %w", len(keys), err)
	}
	records := make([][]byte, len(ops))
	for i, op := range ops {
		records[i] = op.Value
	}
	return records, nil
}
