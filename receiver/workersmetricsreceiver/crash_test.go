// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// crash returns what the next process finds when this one is killed now: nothing reaches the old disk from then on, so
// nothing that the new one lacks is answered as done.
func (d *diskStorage) crash() *diskStorage {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := &diskStorage{data: d.data}
	d.data, d.full = map[string][]byte{}, true
	return next
}

// Clients that retry with idempotency keys until they are answered, against a receiver that is killed again and again.
func TestNothingIsLostOrDoubledOverCrashes(t *testing.T) {
	t.Parallel()
	const clients, each = 8, 150
	var current atomic.Pointer[world]
	current.Store(start(t, testConfig(acknowledgeDurable), newDiskStorage()))
	var done atomic.Int64
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			for i := range each {
				key := fmt.Sprint(c, "/", i)
				for current.Load().attempt(http.MethodPatch, "/metrics/a", "", keyHeader, key).status != http.StatusOK {
				}
				done.Add(1)
			}
		})
	}
	crashes := 0
	for ; done.Load() < clients*each; crashes++ {
		old := current.Load()
		next := start(t, testConfig(acknowledgeDurable), old.disk.crash())
		current.Store(next)
		_ = old.Shutdown(context.Background()) // it cannot save
		require.Less(t, crashes, 10_000)
		atLeast := done.Load() + clients
		for done.Load() < min(atLeast, clients*each) {
			next.attempt(http.MethodGet, "/metrics", "")
		}
	}
	group.Wait()
	assert.Greater(t, crashes, 10)
	assert.Equal(t, fmt.Sprintf("a %d\n", clients*each), current.Load().text())
}
