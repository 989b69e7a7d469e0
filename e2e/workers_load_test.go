// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the receiver is for: every push of many clients at once counts, whatever the overlap of their times, and is on
// the disk when it is answered.
func TestEveryPushCounts(t *testing.T) {
	t.Parallel()
	const clients, each = 200, 500
	d := deployWorkers(t)
	p := d.startTaking()
	i := d.intake(clients)
	truth, began := tally{}, time.Now()
	var mu sync.Mutex
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			random, mine := rand.New(rand.NewPCG(*seed, uint64(client))), tally{}
			for range each {
				one := randomInvocation(random)
				if err := i.push(t.Context(), one.body()); err != nil {
					assert.Fail(t, "a push is not taken", err)
					return
				}
				mine.add(one)
			}
			mu.Lock()
			defer mu.Unlock()
			truth.merge(mine)
		})
	}
	group.Wait()
	took := time.Since(began)
	t.Logf("%d pushes in %v, %.0f a second", clients*each, took, clients*each/took.Seconds())
	d.expectSeries(truth.series())
	require.Equal(t, clients*each, truth.invocations())

	p.Terminate()
}
