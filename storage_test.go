// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// diskStorage is a storage extension whose contents outlive its clients, as a disk's do: a receiver that is dropped
// without a shutdown is one that crashed. It can be full.
type diskStorage struct {
	component.StartFunc
	component.ShutdownFunc

	mu   sync.Mutex
	data map[string][]byte
	full bool
}

func newDiskStorage() *diskStorage { return &diskStorage{data: map[string][]byte{}} }

var errDiskFull = errors.New("no space left on device")

func (d *diskStorage) setFull(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func (d *diskStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return diskClient{d}, nil
}

type diskClient struct{ disk *diskStorage }

func (c diskClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	return op.Value, c.Batch(ctx, op)
}

func (c diskClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c diskClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c diskClient) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.disk.mu.Lock()
	defer c.disk.mu.Unlock()
	for _, op := range ops {
		if op.Type != storage.Get && c.disk.full {
			return errDiskFull
		}
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = bytes.Clone(c.disk.data[op.Key])
		case storage.Set:
			c.disk.data[op.Key] = bytes.Clone(op.Value)
		case storage.Delete:
			delete(c.disk.data, op.Key)
		}
	}
	return nil
}

func (diskClient) Close(context.Context) error { return nil }
