// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/exposition"
)

// requests is the number of requests, one push each, that 50 clients make.
const requests = 5000

// libraryBounds are the bounds that @else42/cf-worker-otel has by itself.
var libraryBounds = []float64{5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000}

// Every request to a Worker that pushes what it is told to counts: 5,000 of 5,000, bucket by bucket, on the bounds, between
// them and beyond, with sums that no double holds exactly.
func TestEveryObservationOfAWorkerCounts(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	w := startWorker(t, observations, c.intake, nil)
	values := []float64{0, 0.1, 4.9, 5, 5.000001, 10, 99.5, 1000, 1e-9, 9999, 10000, 10001, 1e9}
	want := truth{}
	var calls []call
	for i := range requests {
		route := []string{"a", "b", "c"}[i%3]
		value := values[i%len(values)]
		labels := map[string]string{"job": "observations", "route": route}
		want.add("observed_total", labels, value)
		want.observe("observed", labels, libraryBounds, value)
		calls = append(calls, call{
			method: http.MethodGet, path: fmt.Sprintf("/%s?value=%s", route, strconv.FormatFloat(value, 'f', -1, 64)), status: http.StatusOK,
		})
	}
	w.load(calls)
	c.expect(want)
	w.Terminate()
	c.stays(want)
}

// The Worker of examples/worker counts its requests by route and status, 5,000 of 5,000, and times them. Item views go through
// its Durable Objects, whose alarms push batches and try again whatever happens to them.
func TestShop(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	i := newIntake(t, c.intake)
	i.faulty = true
	w := startWorker(t, shop, i.URL, nil)

	kinds := []struct {
		call
		route string
	}{
		{call{method: http.MethodGet, path: "/", status: http.StatusOK}, "/"},
		{call{method: http.MethodPost, path: "/", status: http.StatusOK}, "/"},
		{call{method: http.MethodGet, path: "/items/%d", status: http.StatusOK}, "/items/[id]"},
		{call{method: http.MethodGet, path: "/chat", status: http.StatusMethodNotAllowed}, "/chat"},
		{call{method: http.MethodGet, path: "/wp-admin/%d", status: http.StatusNotFound}, "other"},
	}
	requested, views := truth{}, truth{}
	var calls []call
	for n := range requests {
		kind := kinds[n%len(kinds)]
		if strings.Contains(kind.path, "%d") {
			kind.path = fmt.Sprintf(kind.path, n)
		}
		calls = append(calls, kind.call)
		requested.add("http_requests_total", map[string]string{
			"job": "shop", "method": kind.method, "route": kind.route, "status": strconv.Itoa(kind.status),
		}, 1)
		requested.add("http_request_duration_ms_count", map[string]string{"job": "shop", "route": kind.route}, 1)
		if kind.route == "/items/[id]" {
			views.add("item_views_total", map[string]string{"job": "shop", "shop": "main"}, 1)
		}
	}
	w.load(calls)

	// Nobody knows beforehand how long requests take, nor how many alarms there are: that is as the Worker said it.
	c.current.Eventually(patience, func(t *assert.CollectT) {
		want, _ := i.recorded()
		assert.Empty(t, requested.missing(want))
		want.merge(views)
		assert.Empty(t, c.difference(c.scraped, want))
	}, "Prometheus sees what was requested")
	keys, attempts := i.disturbed()
	assert.Greater(t, attempts, keys, "no batch met a fault")
	w.Terminate()
	want, pushes := i.recorded()
	alarms := want.rounded()[exposition.Series("do_alarm_total", map[string]string{"job": "shop", "do_class": "Tally"})]
	assert.InDelta(t, requests+alarms, pushes, 0, "each request and each alarm is one push")
	assert.Empty(t, truth{
		exposition.Series("do_alarm_duration_ms_count", map[string]string{"job": "shop", "do_class": "Tally"}): big.NewFloat(alarms),
	}.missing(want))
	want.merge(views)
	c.expect(want)
	t.Logf("%d batches of %v alarms took %d requests", keys, alarms, attempts)
}

// What LLM calls cost is counted to the last cent, and calls that fail are counted as such.
func TestLLMCalls(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	i := newIntake(t, c.intake)
	model := fakeModel(t)
	w := startWorker(t, shop, i.URL, map[string]any{"openRouter": model.URL})

	labels := func(more ...string) map[string]string {
		all := map[string]string{"job": "shop", "model": "openai/gpt-4o-mini", "stage": "chat"}
		for pair := range slices.Chunk(more, 2) {
			all[pair[0]] = pair[1]
		}
		return all
	}
	want := truth{}
	var calls []call
	for n := range 300 {
		tokens, outcome, status := n, "ok", http.StatusOK
		if n%10 == 9 {
			tokens, outcome, status = -1, "error", http.StatusInternalServerError
		}
		calls = append(calls, call{method: http.MethodPost, path: "/chat", body: strconv.Itoa(tokens), status: status})
		want.add("llm_requests_total", labels("outcome", outcome), 1)
		want.add("llm_duration_ms_count", labels(), 1)
		if tokens >= 0 {
			want.add("llm_tokens_total", labels("direction", "input"), float64(tokens))
			want.add("llm_tokens_total", labels("direction", "output"), float64(2*tokens))
			want.add("llm_cost_dollars_total", labels(), dollars(tokens))
		}
	}
	w.load(calls)
	c.expectPushed(i, len(calls), want)
}

// dollars is what so many tokens cost.
func dollars(tokens int) float64 { return 0.00015 * float64(tokens) }

// fakeModel answers as OpenRouter does. The prompt is how many tokens it has; to a negative number it says 429.
func fakeModel(t *testing.T) *httptest.Server {
	t.Helper()
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		var request struct {
			Messages []struct{ Content string }
		}
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.NoError(t, json.Unmarshal(body, &request))
		tokens, err := strconv.Atoi(request.Messages[0].Content)
		assert.NoError(t, err)
		if tokens < 0 {
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"model":"openai/gpt-4o-mini-2024-07-18","choices":[{"message":{"content":"hello"}}],`+
			`"usage":{"prompt_tokens":%d,"completion_tokens":%d,"cost":%s}}`,
			tokens, 2*tokens, strconv.FormatFloat(dollars(tokens), 'g', -1, 64))
	}))
	t.Cleanup(func() {
		server.Close()
		require.Positive(t, calls.Load(), "the Worker called another model")
	})
	return server
}
