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

// Clients that retry with idempotency keys until they are answered, against a receiver that is killed in the middle of each round.
func TestNothingIsLostOrDoubledOverCrashes(t *testing.T) {
	t.Parallel()
	const rounds, clients, each = 12, 8, 12
	var current atomic.Pointer[world]
	current.Store(start(t, testConfig(acknowledgeDurable), newDiskStorage()))
	var done atomic.Int64
	for round := range rounds {
		var group sync.WaitGroup
		for c := range clients {
			group.Go(func() {
				for i := range each {
					key := fmt.Sprint(round, "/", c, "/", i)
					for current.Load().attempt(http.MethodPatch, "/metrics/a", "", keyHeader, key).status != http.StatusOK {
					}
					done.Add(1)
				}
			})
		}
		for done.Load() < int64(round*clients*each+clients) {
			current.Load().attempt(http.MethodGet, "/metrics", "")
		}
		old := current.Load()
		current.Store(start(t, testConfig(acknowledgeDurable), old.disk.crash()))
		_ = old.Shutdown(context.Background()) // it cannot save
		group.Wait()
	}
	assert.Equal(t, fmt.Sprintf("a %d\n", rounds*clients*each), current.Load().text())
}
