// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/exposition"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

// service is the name that the simulated Workers give themselves.
const service = "shop"

// defaultBounds are those of the histograms of @else42/cf-worker-otel.
var defaultBounds = []float64{5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000}

// invocation is what one invocation of a Worker counts.
type invocation struct {
	place    place
	start    time.Time
	duration float64 // ms
	cost     float64 // $, no sum of which is a double
}

// place is a label set.
type place struct{ route, status string }

func randomInvocation(random *rand.Rand) invocation {
	return invocation{
		place: place{
			route:  []string{"/", "/items/[id]", "/cart", "/about"}[random.IntN(4)],
			status: []string{"200", "404", "500"}[random.IntN(3)],
		},
		start:    time.Now().Add(-time.Duration(random.IntN(1000)) * time.Millisecond),
		duration: math.Floor(math.Exp(random.Float64()*10)) / 10, // 0.1 ms to 22 s
		cost:     float64(1+random.IntN(9)) / 10000,
	}
}

// body is the OTLP/JSON that @else42/cf-worker-otel sends: its times are those of the invocation, in milliseconds, and
// overlap those of others.
func (i invocation) body() string {
	times := fmt.Sprintf(`"startTimeUnixNano":"%d","timeUnixNano":"%d"`,
		i.start.UnixMilli()*1e6, i.start.Add(time.Duration(i.duration*1e6)).UnixMilli()*1e6)
	attributes := fmt.Sprintf(`"attributes":[{"key":"route","value":{"stringValue":%q}},{"key":"status","value":{"stringValue":%q}}]`,
		i.place.route, i.place.status)
	counter := func(name string, by float64) string {
		return fmt.Sprintf(`{"name":%q,"sum":{"dataPoints":[{%s,"asDouble":%v,%s}],"aggregationTemporality":1,"isMonotonic":true}}`,
			name, times, by, attributes)
	}
	counts := make([]uint64, len(defaultBounds)+1)
	counts[bucketOf(i.duration)] = 1
	histogram := fmt.Sprintf(`{"name":"http_request_duration_ms","histogram":{"dataPoints":[{%s,"count":1,"sum":%v,"bucketCounts":%s,`+
		`"explicitBounds":%s,%s}],"aggregationTemporality":1}}`, times, i.duration, list(counts), list(defaultBounds), attributes)
	return fmt.Sprintf(`{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}}]},`+
		`"scopeMetrics":[{"scope":{"name":"cf-worker-otel"},"metrics":[%s]}]}]}`, service,
		strings.Join([]string{counter("http_requests_total", 1), counter("llm_cost_usd_total", i.cost), histogram}, ","))
}

func list[T any](items []T) string { return strings.ReplaceAll(fmt.Sprint(items), " ", ",") }

// bucketOf is the index of the bucket that a value is counted in.
func bucketOf(value float64) int {
	index, _ := slices.BinarySearch(defaultBounds, value)
	return index
}

// tally is what invocations add up to: the truth.
type tally map[place]*totals

type totals struct {
	buckets        []uint64
	duration, cost *big.Float // exact
}

func (t tally) at(p place) *totals {
	if t[p] == nil {
		t[p] = &totals{buckets: make([]uint64, len(defaultBounds)+1), duration: exact(0), cost: exact(0)}
	}
	return t[p]
}

// exact is a number that doubles are added to without rounding.
func exact(value float64) *big.Float { return new(big.Float).SetPrec(1200).SetFloat64(value) }

func (t tally) add(i invocation) {
	sum := t.at(i.place)
	sum.buckets[bucketOf(i.duration)]++
	sum.duration.Add(sum.duration, exact(i.duration))
	sum.cost.Add(sum.cost, exact(i.cost))
}

func (t tally) merge(other tally) {
	for p, theirs := range other {
		ours := t.at(p)
		for i, n := range theirs.buckets {
			ours.buckets[i] += n
		}
		ours.duration.Add(ours.duration, theirs.duration)
		ours.cost.Add(ours.cost, theirs.cost)
	}
}

// series is what Prometheus must see of it.
func (t tally) series() map[string]float64 {
	all := map[string]float64{}
	for p, sum := range t {
		labels := map[string]string{"job": service, "route": p.route, "status": p.status}
		const histogram = "http_request_duration_ms"
		count := 0.0
		for i, n := range sum.buckets {
			count += float64(n)
			all[exposition.Bucket(histogram, labels, append(slices.Clone(defaultBounds), math.Inf(1))[i])] = count
		}
		all[exposition.Series(histogram+"_count", labels)] = count
		all[exposition.Series(histogram+"_sum", labels)], _ = sum.duration.Float64()
		all[exposition.Series("http_requests_total", labels)] = count
		all[exposition.Series("llm_cost_usd_total", labels)], _ = sum.cost.Float64()
	}
	return all
}

// invocations is how many there were.
func (t tally) invocations() (n int) {
	for _, sum := range t {
		for _, count := range sum.buckets {
			n += int(count)
		}
	}
	return n
}

// traffic are clients that push all the time.
type traffic struct {
	t         *testing.T
	stop      context.CancelFunc
	group     sync.WaitGroup
	delivered atomic.Int64

	mu    sync.Mutex
	truth tally
}

// startTraffic starts clients that retry each push with its key until it is taken. One in five pushes is sent again, as
// if its answer had been lost.
func startTraffic(t *testing.T, d *deployment, clients int) *traffic {
	t.Helper()
	i := d.intake(clients)
	var pushes atomic.Int64
	return startClients(t, clients, func(_ int, body string) error {
		key := crand.Text()
		if pushes.Add(1)%5 == 0 {
			if err := i.deliver(t.Context(), body, key); err != nil {
				return err
			}
		}
		return i.deliver(t.Context(), body, key)
	})
}

// startClients starts clients that send one push after the other until the end.
func startClients(t *testing.T, clients int, send func(client int, body string) error) *traffic {
	t.Helper()
	working, stop := context.WithCancel(t.Context())
	tr := &traffic{t: t, stop: stop, truth: tally{}}
	for client := range clients {
		tr.group.Go(func() {
			random, mine := rand.New(rand.NewPCG(*seed, uint64(client))), tally{}
			for working.Err() == nil {
				one := randomInvocation(random)
				if err := send(client, one.body()); err != nil {
					if t.Context().Err() == nil { // else the test is over
						assert.Fail(t, "a push is not taken", err)
					}
					return
				}
				mine.add(one)
				tr.delivered.Add(1)
			}
			tr.mu.Lock()
			defer tr.mu.Unlock()
			tr.truth.merge(mine)
		})
	}
	t.Cleanup(tr.group.Wait)
	t.Cleanup(stop)
	return tr
}

// waitForMore waits until so many pushes have been taken since now.
func (tr *traffic) waitForMore(d *deployment, n int64) {
	tr.t.Helper()
	enough := tr.delivered.Load() + n
	d.eventually(time.Minute, func(c *assert.CollectT) {
		assert.GreaterOrEqual(c, tr.delivered.Load(), enough)
	}, "clients are served")
}

// end waits until all that has been begun is taken, and returns the truth.
func (tr *traffic) end() tally {
	tr.t.Helper()
	tr.stop()
	ended := make(chan struct{})
	go func() {
		tr.group.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(process.Patience):
		require.FailNow(tr.t, "pushes are not taken")
	}
	tr.t.Logf("%d pushes", tr.truth.invocations())
	return tr.truth
}
