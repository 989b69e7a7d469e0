// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
)

// uncleanKey is there while a receiver runs that saves when it stops only. One that finds it at the start knows that what
// is saved lacks something that was emitted.
const uncleanKey = "workersmetrics/unclean"

// stateStorage is where the series are kept.
type stateStorage struct {
	client   storage.Client  // that the store works on
	disk     storage.Client  // that the extension gave
	deferred *deferredClient // nil: everything is saved at once
	unclean  bool            // as found
}

func openStorage(ctx context.Context, host component.Host, config *Config, id component.ID) (*stateStorage, error) {
	disk, err := ledger.Storage(ctx, host, config.Storage, id)
	if err != nil {
		return nil, err
	}
	s := &stateStorage{client: disk, disk: disk}
	mark, err := disk.Get(ctx, uncleanKey)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("storage: %w", err), disk.Close(ctx))
	}
	s.unclean = len(mark) > 0
	if config.Acknowledge == acknowledgeMemory {
		s.deferred = &deferredClient{disk: disk, values: map[string][]byte{}, saved: map[string]bool{}}
		s.client = s.deferred
	}
	return s, nil
}

// begin makes sure that the store goes on from a state that has everything that was emitted, or anew.
func (s *stateStorage) begin(ctx context.Context, store *aggregate.Store, logger *zap.Logger) error {
	if s.unclean {
		logger.Warn("The receiver did not stop cleanly while acknowledge was memory: all series start anew")
		store.Reset()
		if err := store.Commit(ctx); err != nil {
			return err
		}
	}
	var err error
	if s.deferred != nil {
		err = s.disk.Set(ctx, uncleanKey, []byte{1})
	} else if s.unclean {
		err = s.disk.Delete(ctx, uncleanKey)
	}
	if err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	return nil
}

// end saves what was put off, if the receiver stops cleanly, and closes the storage.
func (s *stateStorage) end(ctx context.Context, clean bool) error {
	var err error
	if s.deferred != nil && clean {
		if err = s.deferred.flush(ctx); err != nil {
			err = fmt.Errorf("storage: %w", err)
		}
	}
	return errors.Join(err, s.disk.Close(ctx))
}

// deferredClient keeps what is written to itself until it is flushed.
type deferredClient struct {
	disk   storage.Client
	values map[string][]byte // nil: deleted
	saved  map[string]bool   // keys found on the disk; others need not be deleted there
}

// Batch never fails, unless it has to read what is saved.
func (d *deferredClient) Batch(ctx context.Context, ops ...*storage.Operation) error {
	for _, op := range ops {
		switch op.Type {
		case storage.Set:
			d.values[op.Key] = op.Value
		case storage.Delete:
			if delete(d.values, op.Key); d.saved[op.Key] {
				d.values[op.Key] = nil
			}
		case storage.Get:
			value, err := d.find(ctx, op.Key)
			if err != nil {
				return err
			}
			op.Value = bytes.Clone(value)
		}
	}
	return nil
}

// find is how all that is on the disk comes to be known: nothing is deleted that was not read before.
func (d *deferredClient) find(ctx context.Context, key string) ([]byte, error) {
	if value, ok := d.values[key]; ok {
		return value, nil
	}
	value, err := d.disk.Get(ctx, key)
	if value != nil {
		d.saved[key] = true
	}
	return value, err
}

// Set keeps one value.
func (d *deferredClient) Set(ctx context.Context, key string, value []byte) error {
	return d.Batch(ctx, storage.SetOperation(key, value))
}

// Get returns one value.
func (d *deferredClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := d.Batch(ctx, op)
	return op.Value, err
}

// Delete removes one value.
func (d *deferredClient) Delete(ctx context.Context, key string) error {
	return d.Batch(ctx, storage.DeleteOperation(key))
}

// Close leaves the storage open.
func (*deferredClient) Close(context.Context) error { return nil }

func (d *deferredClient) flush(ctx context.Context) error {
	ops := []*storage.Operation{storage.DeleteOperation(uncleanKey)}
	for key, value := range d.values {
		if value == nil {
			ops = append(ops, storage.DeleteOperation(key))
		} else {
			ops = append(ops, storage.SetOperation(key, value))
		}
	}
	return d.disk.Batch(ctx, ops...)
}
