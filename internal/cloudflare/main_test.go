// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configretry"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	zoneA   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	zoneB   = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	account = "0123456789abcdef0123456789abcdef"
	token   = "v1.0-secret-token"
)

// observed collects what the client reports.
type observed struct {
	mu       sync.Mutex
	requests []Request
}

func (o *observed) add(r Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests = append(o.requests, r)
}

func (o *observed) classes() []Class {
	o.mu.Lock()
	defer o.mu.Unlock()
	var classes []Class
	for _, r := range o.requests {
		classes = append(classes, r.Class)
	}
	return classes
}

// fast are settings under which neither budget nor back-off is felt.
func fast(endpoint string, client *http.Client) Settings {
	plenty := Rate{Requests: 1_000_000_000, Per: time.Second}
	return Settings{
		Endpoint:    endpoint,
		Credentials: Credentials{Token: token},
		HTTP:        client,
		UserAgent:   "test/1",
		Retry: configretry.BackOffConfig{
			Enabled: true, InitialInterval: time.Millisecond, MaxInterval: time.Millisecond, Multiplier: 1, MaxElapsedTime: 5 * time.Second,
		},
		REST: plenty, GraphQL: plenty,
	}
}

// serve starts a server for the handler and returns a client for it.
func serve(t *testing.T, handler http.HandlerFunc, change ...func(*Settings)) (*Client, *observed) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	settings := fast(server.URL+"/client/v4", server.Client())
	seen := &observed{}
	settings.Observe = seen.add
	for _, f := range change {
		f(&settings)
	}
	client, err := NewClient(settings)
	require.NoError(t, err)
	return client, seen
}

func oneAttempt(s *Settings) { s.Retry.Enabled = false }

// text answers every request alike.
func text(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// memory is a transport without a network, for tests in a bubble of synctest.
type memory func(*http.Request) (*http.Response, error)

func (f memory) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

// graphQLError is a body with one error.
func graphQLError(message, code string) string {
	return fmt.Sprintf(`{"data":null,"errors":[{"message":%q,"path":["viewer","zones","0","p1"],"extensions":{"code":%q}}]}`, message, code)
}
