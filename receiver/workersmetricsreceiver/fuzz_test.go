// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever is asked is answered with a status that is meant, and what is refused changes nothing.
func FuzzRequests(f *testing.F) {
	now := time.Unix(1, 0)
	for _, seed := range [][4]string{
		{http.MethodPost, "/v1/metrics", jsonType, otlpJSON("a", "b", 1, now, now, "c", "d")},
		{http.MethodPost, "/v1/metrics", jsonType, `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"h","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[{"count":3,"sum":1,"scale":3,"zeroCount":1,"positive":{"offset":-4,"bucketCounts":[1,1]}}]}}]}]}]}`},
		{http.MethodPost, "/v1/metrics", jsonType, `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","histogram":{"aggregationTemporality":2,"dataPoints":[{"count":3,"sum":1,"explicitBounds":[1],"bucketCounts":[1,2]}]}}]}]}]}`},
		{http.MethodPost, "/", protobufType, "\x0a\x02\x12\x00"},
		{http.MethodPost, "/metrics", "", "# TYPE a counter\na{b=\"c\"} 1\n"},
		{http.MethodPost, "/metrics?temporality=cumulative", "", "# TYPE a counter\na{instance=\"c\"} 1\n"},
		{http.MethodPut, "/metrics/job/a/b@base64/Yw", "", "a 1"},
		{http.MethodDelete, "/metrics/job@base64/YQ/b/c", "", ""},
		{http.MethodPatch, "/metrics/a?b=c", "", "1.5"},
		{http.MethodDelete, "/metrics/__all?a=b", "", ""},
		{http.MethodGet, "/metrics", "application/openmetrics-text", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], []byte(seed[3]))
	}
	w := start(f, testConfig(acknowledgeMemory), newDiskStorage())
	handler := newServer(w.writer, w.workersReceiver.telemetry, w.config)
	meant := []int{200, 202, 301, 307, 308, 400, 404, 405, 409, 415, 422}
	f.Fuzz(func(t *testing.T, method, path, contentType string, body []byte) {
		target, err := url.ParseRequestURI(path)
		if err != nil || strings.ContainsAny(method, " \r\n") {
			return
		}
		before := w.series(t)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
		r.Method, r.URL = method, target
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Accept", contentType)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		require.Contains(t, meant, answer.Code, answer.Body.String())
		if answer.Code >= http.StatusBadRequest {
			require.Equal(t, before, w.series(t))
		}
	})
}

func FuzzGroup(f *testing.F) {
	for _, path := range []string{"job/a", "job/a/b/c", "job@base64/YQ==/b@base64/=", "job/%2F/b/%zz", "job//b/c", "job/a/job/b"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		g, err := parseGroup(path)
		if err == nil {
			require.NotEmpty(t, g.labels["job"])
			for name := range g.labels {
				require.False(t, name == "" || strings.HasPrefix(name, "__"))
			}
		}
	})
}

func FuzzIncrement(f *testing.F) {
	f.Add("a", "b=c", []byte("1"))
	f.Add("a", "b=c&b=d", []byte("1e400"))
	f.Fuzz(func(t *testing.T, name, query string, body []byte) {
		if md, err := parseIncrement(name, query, body); err == nil {
			require.Equal(t, 1, md.DataPointCount())
		}
	})
}
