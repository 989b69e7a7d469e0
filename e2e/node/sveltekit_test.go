// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
)

// The hook of examples/worker/sveltekit, in an app that Vite and adapter-cloudflare have built, counts requests by the
// pattern of their route.
func TestSvelteKit(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	i := newIntake(t, c.intake)
	w := startWorker(t, svelteKit, i.URL, nil)
	requested := truth{}
	var calls []call
	for n := range 300 {
		kind := []call{
			{method: http.MethodGet, path: "/recipe/%d", status: http.StatusOK},
			{method: http.MethodPut, path: "/recipe/%d", status: http.StatusMethodNotAllowed},
			{method: http.MethodGet, path: "/wp-admin/%d", status: http.StatusNotFound},
		}[n%3]
		route := []string{"/recipe/[slug]", "/recipe/[slug]", "other"}[n%3]
		kind.path = fmt.Sprintf(kind.path, n)
		calls = append(calls, kind)
		requested.add("http_requests_total", map[string]string{
			"job": "my-app", "method": kind.method, "route": route, "status": strconv.Itoa(kind.status),
		}, 1)
		requested.add("http_request_duration_ms_count", map[string]string{"job": "my-app", "route": route}, 1)
	}
	w.load(calls)
	c.expectPushed(i, len(calls), requested)
}
