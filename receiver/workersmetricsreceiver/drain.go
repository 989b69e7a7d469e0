// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// drainTime is how long a server that shuts down waits for requests of those who have connected.
	drainTime = 2 * time.Second
	drainStep = 2 * time.Millisecond
)

// connections are those of a server whose request has not been answered yet.
type connections struct {
	mu   sync.Mutex
	busy map[net.Conn]bool
	all  int64 // that there ever were
}

// note is a server's ConnState.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.all++
		c.busy[conn] = true
	case http.StateActive:
		c.busy[conn] = true
	case http.StateIdle, http.StateClosed, http.StateHijacked:
		delete(c.busy, conn)
	}
}

// quiet reports whether that many have connected and none of them waits for an answer.
func (c *connections) quiet(accepted int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all == accepted && len(c.busy) == 0
}

// drain answers all who have connected and lets nobody else in. A server that shuts down at once would hang up on those
// whose request it has not read yet.
func (r *workersReceiver) drain(ctx context.Context) {
	r.listener.pause()
	r.server.SetKeepAlivesEnabled(false)
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	step := time.NewTicker(drainStep)
	defer step.Stop()
	for !r.connections.quiet(r.listener.accepted.Load()) {
		select {
		case <-ctx.Done():
			return
		case <-step.C:
		}
	}
}
