// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// A set-aside copy is one value: for each storage key that it was made from, the key and the raw bytes, as texts. Being
// one value, it takes the place of an earlier copy of the same partition, so what is set aside is bounded.

// setAsideUnusable moves what cannot be read out of the way, all in one storage batch.
func (ld *loader) setAsideUnusable(ctx context.Context) error {
	if len(ld.unusable) == 0 {
		return nil
	}
	b := &batch{}
	for _, u := range ld.unusable {
		if err := ld.moveAway(ctx, b, u); err != nil {
			return err
		}
	}
	b.addIndex(ld.Ledger)
	if err := ld.client.Batch(ctx, b.ops...); err != nil {
		return fmt.Errorf("ledger: setting unusable partitions aside: %w", err)
	}
	ld.generation++
	ld.indexSize = b.indexLen
	ld.unsure.index = false
	ld.setAside = len(ld.unusable)
	return nil
}

func (ld *loader) moveAway(ctx context.Context, b *batch, u unusable) error {
	keys, records, err := ld.readRaw(ctx, u)
	if err != nil {
		return err
	}
	asideKey := setAsidePrefix + u.id.path()
	if blob := appendRaw(nil, keys, records); len(blob) > 0 {
		b.ops = append(b.ops, storage.SetOperation(asideKey, blob))
	}
	for i, key := range keys {
		if records[i] != nil {
			b.ops = append(b.ops, storage.DeleteOperation(key))
		}
	}
	ld.logger.Error("The saved state of a ledger partition cannot be used: a copy is set aside and its counters start anew",
		zap.String("family", u.id.Family), zap.String("scope", u.id.Scope),
		zap.String("storage_key", asideKey), zap.Error(u.reason))
	return nil
}

// readRaw returns the keys and raw bytes of a partition. If its header does not tell how many pages there are, they are
// read until one is missing.
func (ld *loader) readRaw(ctx context.Context, u unusable) (keys []string, records [][]byte, err error) {
	next := headerPart
	for u.pages < 0 || next < u.pages {
		end := next + batchReads
		if u.pages >= 0 {
			end = min(end, u.pages)
		}
		var chunk []string
		for ; next < end; next++ {
			chunk = append(chunk, part{id: u.id, number: next}.key())
		}
		values, err := ld.get(ctx, chunk)
		if err != nil {
			return nil, nil, err
		}
		keys, records = append(keys, chunk...), append(records, values...)
		if u.pages < 0 && values[len(values)-1] == nil {
			break
		}
	}
	return keys, records, nil
}

// setAsideIndex keeps a copy of an index neither copy of which can be read. Without it no partition can be found.
func (ld *loader) setAsideIndex(ctx context.Context, keys []string, records [][]byte, reason error) error {
	err := ld.client.Set(ctx, setAsideIndex, appendRaw(nil, keys, records))
	if err != nil {
		return fmt.Errorf("ledger: setting the unusable index aside: %w", err)
	}
	ld.logger.Error("The saved list of ledger partitions cannot be used: a copy is set aside and all counters start anew",
		zap.String("storage_key", setAsideIndex), zap.Error(reason))
	return nil
}

func appendRaw(dst []byte, keys []string, records [][]byte) []byte {
	for i, record := range records {
		if record != nil {
			dst = appendText(appendText(dst, keys[i]), record)
		}
	}
	return dst
}
