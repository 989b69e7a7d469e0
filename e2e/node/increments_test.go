// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A PATCH with a key counts once, whatever happens to it and to its answer on the way, and to the collector meanwhile.
func TestIncrements(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	i := newIntake(t, c.intake)
	i.faulty = true
	w := startWorker(t, increments, i.URL, nil)
	want := truth{}
	var calls []call
	for n := range 2000 {
		country := []string{"DE", "FR", "T1"}[n%3]
		calls = append(calls, call{method: http.MethodGet, path: "/", country: country, status: http.StatusOK})
		want.add("worker_requests_total", map[string]string{"job": "increments", "country": country}, 1)
	}
	for half := range 2 {
		w.load(calls[half*len(calls)/2 : (half+1)*len(calls)/2])
		c.crash() // answers are still due: clients of the faults wait before they try again
	}
	c.expect(want)
	w.settle(t, i, len(calls))
	c.stays(want)
}

// settle waits until the Worker knows of each increment that it is counted.
func (w *worker) settle(t *testing.T, i *intake, increments int) {
	t.Helper()
	w.Eventually(patience, func(c *assert.CollectT) {
		i.mu.Lock()
		defer i.mu.Unlock()
		assert.Len(c, i.answered, increments)
	}, "every increment is answered")
	keys, attempts := i.disturbed()
	assert.Equal(t, increments, keys)
	assert.Greater(t, attempts, 3*increments/2, "too few requests met a fault")
	t.Logf("%d increments took %d requests", keys, attempts)
}
