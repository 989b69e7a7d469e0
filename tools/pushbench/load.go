// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is many clients that push to one address.
type load struct {
	address  string
	requests [][]byte // complete HTTP requests, for one label set each
	clients  int
}

// fill pushes once for each label set.
func (l *load) fill(ctx context.Context) error {
	_, err := l.run(ctx, len(l.requests), nil, nil)
	return err
}

// flatOut pushes as often as that or for as long as that, by each client as soon as its last push was answered, and
// returns what it came to.
func (l *load) flatOut(ctx context.Context, pushes int, limit time.Duration) (int, time.Duration, error) {
	begun := time.Now()
	done, err := l.run(ctx, pushes, func(int) (time.Time, bool) { return begun, time.Since(begun) < limit }, nil)
	return done, time.Since(begun), err
}

// paced pushes at a rate, and returns how long each push took from the time that it was due, in ascending order: clients
// that are late because the server was slow add to that.
func (l *load) paced(ctx context.Context, pushes int, rate float64) ([]time.Duration, error) {
	begun := time.Now().Add(100 * time.Millisecond)
	latencies := make([]time.Duration, pushes)
	due := func(i int) (time.Time, bool) { return begun.Add(time.Duration(float64(i) / rate * 1e9)), true }
	_, err := l.run(ctx, pushes, due, func(i int, at time.Time) {
		begun, _ := due(i)
		latencies[i] = at.Sub(begun)
	})
	slices.Sort(latencies)
	return latencies, err
}

// run has push i done by client i modulo the number of clients, when it is due, until one is not to be done any more. It
// returns how many were.
func (l *load) run(
	ctx context.Context, pushes int, due func(int) (time.Time, bool), answered func(int, time.Time),
) (done int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var all atomic.Int64
	for client := range l.clients {
		wg.Go(func() {
			n, err := l.client(ctx, client, pushes, due, answered)
			all.Add(int64(n))
			if err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return int(all.Load()), context.Cause(ctx)
}

func (l *load) client(
	ctx context.Context, first, pushes int, due func(int) (time.Time, bool), answered func(int, time.Time),
) (done int, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.address)
	if err != nil {
		return 0, err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // ends what waits for an answer
	defer func() { _ = conn.Close() }()
	answers := bufio.NewReader(conn)
	for i := first; i < pushes; i += l.clients {
		if due != nil {
			at, ok := due(i)
			if !ok {
				break
			}
			time.Sleep(time.Until(at))
		}
		if _, err := conn.Write(l.requests[i*7%len(l.requests)]); err != nil {
			return done, err
		}
		if err := readAnswer(answers); err != nil {
			return done, err
		}
		done++
		if answered != nil {
			answered(i, time.Now())
		}
	}
	return done, nil
}

func readAnswer(from *bufio.Reader) error {
	answer, err := http.ReadResponse(from, nil)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // all is read
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %.200s", answer.Status, text)
	}
	return err
}
