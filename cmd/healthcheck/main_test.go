// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStatusURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ addr, port, want string }{
		{"", "", "http://127.0.0.1:13133/status"},
		{"0.0.0.0", "", "http://127.0.0.1:13133/status"},
		{"[::]", "1234", "http://[::1]:1234/status"},
		{"10.0.0.7", "1234", "http://10.0.0.7:1234/status"},
		{"collector", "", "http://collector:13133/status"},
	} {
		assert.Equal(t, tt.want, statusURL(tt.addr, tt.port), "%s %s", tt.addr, tt.port)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ready" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	require.NoError(t, check(t.Context(), server.URL+"/ready"))
	require.ErrorContains(t, check(t.Context(), server.URL+"/starting"), "503 Service Unavailable")
	server.Close()
	require.ErrorContains(t, check(t.Context(), server.URL+"/ready"), "connection refused")
	require.ErrorContains(t, check(t.Context(), "::"), "missing protocol scheme")
}
