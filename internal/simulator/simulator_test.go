// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testBegin is where the streams of the tests begin; the clock stands two hours later, in the middle of a second.
var testBegin = time.Date(2026, time.March, 4, 10, 0, 0, 0, time.UTC)

// testClock is a clock that tests move.
type testClock struct{ now atomic.Int64 }

func newTestClock(at time.Time) *testClock {
	c := &testClock{}
	c.set(at)
	return c
}

func (c *testClock) set(at time.Time)        { c.now.Store(at.UnixNano()) }
func (c *testClock) advance(d time.Duration) { c.now.Add(int64(d)) }
func (c *testClock) time() time.Time         { return time.Unix(0, c.now.Load()) }

// newTestSimulator serves two accounts with five zones each, of all plans, without request limits.
func newTestSimulator(tb testing.TB, change func(*Config)) (*Simulator, *testClock) {
	tb.Helper()
	clock := newTestClock(testBegin.Add(2*time.Hour + 13*time.Second + 250*time.Millisecond))
	config := Config{
		Seed:            7,
		Accounts:        DefaultLayout(2, 5, PlanEnterprise, PlanPro, PlanBusiness, PlanEnterprise, PlanFree),
		Begin:           testBegin,
		Clock:           clock.time,
		EventsPerMinute: 30,
		Token:           "secret-token",
		Limits:          Limits{RESTRequests: -1, GraphQLRequests: -1},
	}
	if change != nil {
		change(&config)
	}
	s, err := New(config)
	require.NoError(tb, err)
	tb.Cleanup(s.Close)
	return s, clock
}

// call sends a request with the token of newTestSimulator.
func call(tb testing.TB, s *Simulator, method, target string, body []byte) *httptest.ResponseRecorder {
	tb.Helper()
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer secret-token")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// reply is an answer of the GraphQL endpoint.
type reply struct {
	Status int `json:"-"`
	Data   struct {
		Cost   int
		Viewer struct {
			Budget   int
			Zones    []map[string]json.RawMessage
			Accounts []map[string]json.RawMessage
		}
	}
	Errors []struct {
		Message    string
		Path       []string
		Extensions map[string]string
	}
}

// ask sends a query.
func ask(tb testing.TB, s *Simulator, query string, variables map[string]any) reply {
	tb.Helper()
	w := call(tb, s, http.MethodPost, "/client/v4/graphql", queryBody(tb, query, variables))
	answer := reply{Status: w.Code}
	require.NoError(tb, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	return answer
}

// rowsOf decodes the rows of one node.
func rowsOf[T any](tb testing.TB, scope map[string]json.RawMessage, key string) []T {
	tb.Helper()
	var rows []T
	require.NoError(tb, json.Unmarshal(scope[key], &rows))
	return rows
}
