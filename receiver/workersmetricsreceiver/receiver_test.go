// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
)

// The measure that the receiver is built by: pushes of many clients at once, whose times overlap, arrive one and all.
func TestEveryPushOfManyClientsCounts(t *testing.T) {
	t.Parallel()
	const clients, each = 50, 100
	for _, acknowledge := range []string{acknowledgeDurable, acknowledgeMemory} {
		t.Run(acknowledge, func(t *testing.T) {
			t.Parallel()
			w := start(t, testConfig(acknowledge), newDiskStorage())
			now := time.Now()
			var group sync.WaitGroup
			for c := range clients {
				group.Go(func() {
					for i := range each {
						begin := now.Add(time.Duration(i-c) * time.Millisecond)
						got := w.attempt(http.MethodPost, "/v1/metrics",
							otlpJSON("worker", "requests", 1, begin, begin.Add(time.Second), "method", "GET"), "Content-Type", "application/json")
						assert.Equal(t, reply{http.StatusOK, `{"partialSuccess":{}}`, got.header}, got)
					}
				})
			}
			group.Wait()
			assert.Equal(t, "requests{job=\"worker\",method=\"GET\"} 5000\n", w.text())
			assert.Zero(t, number(t, w.emit(), "requests").DoubleValue())
			md := w.emit()
			assert.InDelta(t, 5000, number(t, md, "requests").DoubleValue(), 0)
			assert.Equal(t, "worker", textOf(t, md.ResourceMetrics().At(0).Resource().Attributes(), "service.name"))
		})
	}
}

// Histograms arrive bucket by bucket, and their sums are exact whatever the order of pushes that no double adds up to.
func TestEveryObservationOfManyClientsCounts(t *testing.T) {
	t.Parallel()
	const clients, each = 20, 50
	w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			counts := []string{"0", "0", "0"}
			counts[c%3] = "1"
			body := fmt.Sprintf(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"latency","histogram":{"aggregationTemporality":1,`+
				`"dataPoints":[{"count":1,"sum":0.1,"bucketCounts":[%s],"explicitBounds":[1,2.5]}]}}]}]}]}`, strings.Join(counts, ","))
			for range each {
				assert.Equal(t, http.StatusOK, w.attempt(http.MethodPost, "/", body, "Content-Type", jsonType).status)
			}
		})
	}
	group.Wait()
	const want = "latency_bucket{le=\"1\"} 350\nlatency_bucket{le=\"2.5\"} 700\nlatency_bucket{le=\"+Inf\"} 1000\nlatency_sum 100\nlatency_count 1000\n"
	assert.Equal(t, want, w.text())
	w.emit()
	dp := w.emit().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Histogram().DataPoints().At(0)
	assert.Equal(t, []uint64{350, 350, 300}, dp.BucketCounts().AsRaw())
	assert.InDelta(t, 100, dp.Sum(), 0)
}

// A first push is seen as an increase of one by whoever computes it from what is emitted.
func TestFirstPushIsAnIncrease(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
	w.ok(http.MethodPatch, "/metrics/worker_request?country=CH", "")
	first := number(t, w.emit(), "worker_request")
	second := number(t, w.emit(), "worker_request")
	assert.InDelta(t, 1, second.DoubleValue()-first.DoubleValue(), 0)
	assert.Equal(t, first.StartTimestamp(), second.StartTimestamp())
	assert.Less(t, first.StartTimestamp(), first.Timestamp())
	assert.Less(t, first.Timestamp(), second.Timestamp())
}

func TestRestartKeepsSums(t *testing.T) {
	t.Parallel()
	for _, acknowledge := range []string{acknowledgeDurable, acknowledgeMemory} {
		t.Run(acknowledge, func(t *testing.T) {
			t.Parallel()
			w := start(t, testConfig(acknowledge), newDiskStorage())
			w.ok(http.MethodPatch, "/metrics/a", "2.5")
			begun := number(t, w.emit(), "a").StartTimestamp()
			w.stop()
			w.run(testConfig(acknowledge))
			w.ok(http.MethodPatch, "/metrics/a", "2")
			assert.Equal(t, "a 4.5\n", w.text())
			assert.Equal(t, begun, number(t, w.emit(), "a").StartTimestamp())
		})
	}
}

// What has been answered is there after a crash at any moment.
func TestDurableAnswersSurviveACrash(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
	var answered atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				if w.attempt(http.MethodPatch, "/metrics/a", "").status == http.StatusOK {
					answered.Add(1)
				}
			}
		})
	}
	for range 20 {
		atLeast := answered.Load()
		after := start(t, testConfig(acknowledgeDurable), w.disk.clone())
		if atLeast > 0 {
			var sum int64
			_, err := fmt.Sscanf(after.text(), "a %d", &sum)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, sum, atLeast)
		}
		after.stop()
	}
	group.Wait()
	after := start(t, testConfig(acknowledgeDurable), w.disk.clone())
	assert.Equal(t, "a 800\n", after.text())
}

func TestMemoryStartsAnewAfterACrash(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeMemory), newDiskStorage())
	w.ok(http.MethodPatch, "/metrics/a", "5")
	begun := number(t, w.emit(), "a").StartTimestamp()
	w.stop()
	w.run(testConfig(acknowledgeMemory))
	w.ok(http.MethodPatch, "/metrics/a", "1")
	crashed := w.disk.clone()

	for _, acknowledge := range []string{acknowledgeMemory, acknowledgeDurable} {
		after := start(t, testConfig(acknowledge), crashed.clone())
		assert.Empty(t, after.text())
		after.ok(http.MethodPatch, "/metrics/a", "2")
		assert.Equal(t, "a 2\n", after.text())
		assert.Greater(t, number(t, after.emit(), "a").StartTimestamp(), begun)
		after.stop()
		after.run(testConfig(acknowledgeDurable))
		assert.Equal(t, "a 2\n", after.text(), "from then on it is kept")
	}
}

func TestSeriesGoOnOverAChangeOfAcknowledge(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
	for i, acknowledge := range []string{acknowledgeMemory, acknowledgeDurable, acknowledgeMemory} {
		w.ok(http.MethodPatch, "/metrics/a", "")
		w.stop()
		w.run(testConfig(acknowledge))
		assert.Equal(t, fmt.Sprintf("a %d\n", i+1), w.text())
	}
}

func TestIdempotentRetriesCountOnce(t *testing.T) {
	t.Parallel()
	for _, acknowledge := range []string{acknowledgeDurable, acknowledgeMemory} {
		t.Run(acknowledge, func(t *testing.T) {
			t.Parallel()
			w := start(t, testConfig(acknowledge), newDiskStorage())
			var group sync.WaitGroup
			for i := range 200 { // 20 keys, 10 times each, side by side
				group.Go(func() {
					assert.Equal(t, http.StatusOK, w.attempt(http.MethodPatch, "/metrics/a", "", keyHeader, fmt.Sprint("key", i%20)).status)
				})
			}
			group.Wait()
			assert.Equal(t, "a 20\n", w.text())
			w.stop()
			w.run(testConfig(acknowledge))
			w.ok(http.MethodPatch, "/metrics/a", "", keyHeader, "key7")
			assert.Equal(t, "a 20\n", w.text(), "also over a restart")
			w.ok(http.MethodPatch, "/metrics/a", "", keyHeader, "key20")
			assert.Equal(t, "a 21\n", w.text())
			got := w.do(http.MethodPatch, "/metrics/a?b=c", "", keyHeader, "key7")
			assert.Equal(t, http.StatusUnprocessableEntity, got.status)
		})
	}
}

// A full disk refuses what it cannot keep; what a client is told to retry is counted once when it does.
func TestWhatCannotBeSavedIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
	w.ok(http.MethodPatch, "/metrics/a", "")
	w.disk.setFull(true)
	for range 3 {
		got := w.do(http.MethodPatch, "/metrics/a", "", keyHeader, "k")
		assert.Equal(t, http.StatusServiceUnavailable, got.status)
		assert.Equal(t, "10", got.header.Get("Retry-After"))
		assert.Equal(t, "a 1\n", w.text())
	}
	w.disk.setFull(false)
	w.ok(http.MethodPatch, "/metrics/a", "", keyHeader, "k")
	assert.Equal(t, "a 2\n", w.text())
}

func TestOverloadChangesNothing(t *testing.T) {
	t.Parallel()
	disk := newDiskStorage()
	w := start(t, testConfig(acknowledgeDurable), disk)
	w.ok(http.MethodPatch, "/metrics/a", "")

	blocked, unblock := make(chan struct{}), make(chan struct{})
	go func() {
		_ = w.writer.submit(func(*aggregate.Store) error { close(blocked); <-unblock; return nil }, true) // it has none
	}()
	<-blocked
	for len(w.writer.queue) < queueSize {
		w.writer.queue <- &job{do: func(*aggregate.Store) error { return nil }, read: true, done: make(chan struct{})}
	}
	got := w.do(http.MethodPatch, "/metrics/a", "")
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Equal(t, "1", got.header.Get("Retry-After"))
	close(unblock)
	require.Eventually(t, func() bool { return len(w.writer.queue) == 0 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, "a 1\n", w.text())
}

func TestBodiesShareABoundedMemory(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeMemory), newDiskStorage())
	handler := newServer(w.writer, w.workersReceiver.telemetry, w.config)
	require.NoError(t, handler.bodies.Acquire(t.Context(), maxBodyBytes-1000))
	body := handler.newBody(httpRequest(t, strings.Repeat("x", 10_000)))
	_, err := body.read()
	require.ErrorIs(t, err, errTooMuch)
	body.release()
	body = handler.newBody(httpRequest(t, strings.Repeat("x", 400)))
	content, err := body.read()
	require.NoError(t, err)
	assert.Len(t, content, 400)
	body.release()
	assert.True(t, handler.bodies.TryAcquire(1000), "all is given back")
}

// The Prometheus exporter takes no notice of what follows the point of an ended series in a Metric.
func TestDeletedSeriesEndDownstream(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
	for _, b := range []string{"1", "2", "3"} {
		w.ok(http.MethodPatch, "/metrics/a?b="+b, "")
	}
	w.emit()
	w.ok(http.MethodDelete, "/metrics/a?b=1", "")
	w.ok(http.MethodDelete, "/metrics/a?b=3", "")
	metrics := w.emit().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	var got []string
	for _, m := range metrics.All() {
		for i, dp := range m.Sum().DataPoints().All() {
			got = append(got, fmt.Sprintf("%d: b=%s ended=%t", i, textOf(t, dp.Attributes(), "b"), dp.Flags().NoRecordedValue()))
		}
	}
	assert.Equal(t, []string{"0: b=2 ended=false", "1: b=1 ended=true", "0: b=3 ended=true"}, got)
	assert.Equal(t, 1, w.emit().DataPointCount())
	w.ok(http.MethodDelete, "/metrics/__all", "")
	assert.Empty(t, w.text())
}

// A pipeline that refuses what is new gets to see its zero all the same.
func TestRefusedEmissionsAreMadeUpFor(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
	w.ok(http.MethodPatch, "/metrics/a", "")
	w.next = consumerFunc(func() error { return errDiskFull })
	w.emit()
	w.emit()
	w.next = w.sink
	assert.Zero(t, number(t, w.emit(), "a").DoubleValue())
	assert.InDelta(t, 1, number(t, w.emit(), "a").DoubleValue(), 0)
}

// A pipeline that hangs holds nobody up.
func TestHangingPipeline(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
	w.ok(http.MethodPatch, "/metrics/a", "")
	hang := make(chan struct{})
	w.next = consumerFunc(func() error { <-hang; return nil })
	w.ticks <- time.Now()
	w.ticks <- time.Now()
	w.ok(http.MethodPatch, "/metrics/a", "")
	assert.Equal(t, "a 2\n", w.text())
	close(hang)
	require.Eventually(t, w.settled, 10*time.Second, time.Millisecond)
	w.next = w.sink
}

func TestShutdownEmitsAndSavesWhatIsThere(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeMemory), newDiskStorage())
	w.ok(http.MethodPatch, "/metrics/a", "7")
	w.emit()
	w.sink.Reset()
	w.stop()
	w.stop()
	require.Len(t, w.sink.AllMetrics(), 1)
	assert.InDelta(t, 7, number(t, w.sink.AllMetrics()[0], "a").DoubleValue(), 0)
}
