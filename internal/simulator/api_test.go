// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// page is an envelope of the REST API.
type page struct {
	Success bool
	Errors  []envelopeItem
	Result  []struct {
		ID, Name, Status string
		Account          struct{ ID string }
		Plan             struct {
			ID       string
			LegacyID string `json:"legacy_id"`
		}
	}
	ResultInfo resultInfo `json:"result_info"`
}

func listed(t *testing.T, s *Simulator, target string) (page, *httptest.ResponseRecorder) {
	t.Helper()
	w := call(t, s, http.MethodGet, "/client/v4/"+target, nil)
	var p page
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), w.Body.String())
	return p, w
}

// All 57 zones are found over pages of any size, each once.
func TestZonePages(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) { c.Accounts = DefaultLayout(3, 19, PlanFree, PlanPro) })
	for perPage, pages := range map[int]int{5: 12, 20: 3, 50: 2} {
		seen := map[string]bool{}
		for n := 1; n <= pages; n++ {
			p, w := listed(t, s, fmt.Sprintf("zones?page=%d&per_page=%d", n, perPage))
			require.Equal(t, http.StatusOK, w.Code)
			require.True(t, p.Success)
			for _, z := range p.Result {
				seen[z.ID] = true
				assert.Equal(t, "active", z.Status)
			}
			want := resultInfo{Page: n, PerPage: perPage, Count: len(p.Result), TotalCount: 57, TotalPages: pages}
			assert.Equal(t, want, p.ResultInfo)
		}
		assert.Len(t, seen, 57)
		beyond, _ := listed(t, s, fmt.Sprintf("zones?page=%d&per_page=%d", pages+1, perPage))
		assert.Empty(t, beyond.Result)
		assert.True(t, beyond.Success)
	}
	standard, _ := listed(t, s, "zones")
	assert.Len(t, standard.Result, 20)
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	account := s.config.Accounts[1]
	for target, want := range map[string]int{
		"accounts":                            2,
		"accounts?name=Example%20Account%201": 1,
		"accounts?name=other":                 0,
		"zones":                               10,
		"zones?account.id=" + account.ID:      5,
		"zones?account.id=other":              0,
		"zones?name=zone3.example.com":        1,
		"zones?status=active":                 10,
		"zones?status=pending":                0,
		"zones?status=active&name=zone7.example.com&account.id=" + account.ID: 1,
	} {
		p, w := listed(t, s, target)
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Len(t, p.Result, want, target)
		assert.Equal(t, want, p.ResultInfo.TotalCount, target)
	}
	free, _ := listed(t, s, "zones?name=zone5.example.com")
	require.Len(t, free.Result, 1)
	assert.Equal(t, "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", free.Result[0].Plan.ID)
	assert.Equal(t, "free", free.Result[0].Plan.LegacyID)
	assert.Equal(t, s.config.Accounts[0].ID, free.Result[0].Account.ID)
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	for _, test := range []struct {
		method, target string
		status, code   int
	}{
		{"GET", "/client/v4/zones?per_page=4", 400, 1001},
		{"GET", "/client/v4/zones?per_page=51", 400, 1001},
		{"GET", "/client/v4/accounts?page=0", 400, 1001},
		{"GET", "/client/v4/zones?page=x", 400, 1001},
		{"POST", "/client/v4/zones", 405, 10405},
		{"GET", "/client/v4/graphql", 405, 10405},
		{"GET", "/client/v4/colours", 404, 7003},
		{"GET", "/", 404, 7003},
		{"POST", "/truth?from=yesterday", 400, 1001},
		{"POST", "/truth", 400, 1001},
		{"GET", "/truth", 405, 10405},
		{"PUT", "/faults", 400, 1001},
	} {
		w := call(t, s, test.method, test.target, nil)
		assert.Equal(t, test.status, w.Code, test.target)
		var p page
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), w.Body.String())
		assert.False(t, p.Success)
		require.NotEmpty(t, p.Errors)
		assert.Equal(t, test.code, p.Errors[0].Code, test.target)
	}
	w := call(t, s, http.MethodPost, "/client/v4/graphql", []byte(strings.Repeat(" ", maxBody+1)))
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	headers := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	for _, test := range []struct {
		name         string
		header       http.Header
		path         string
		status, code int
		chain        int
		anyToken     bool
	}{
		{name: "token", header: headers("Authorization", "Bearer secret-token"), status: 200},
		{name: "key", header: headers("X-Auth-Email", "me@example.com", "X-Auth-Key", "secret-token"), status: 200},
		{name: "any token", header: headers("Authorization", "Bearer whatever"), anyToken: true, status: 200},
		{name: "any key", header: headers("X-Auth-Email", "me@example.com", "X-Auth-Key", "0123"), anyToken: true, status: 200},
		{name: "nothing", status: 401, code: 10000},
		{name: "nothing where any token does", anyToken: true, status: 401, code: 10000},
		{name: "wrong token", header: headers("Authorization", "Bearer other"), status: 403, code: 10000},
		{name: "wrong token verified", header: headers("Authorization", "Bearer other"), path: "user/tokens/verify", status: 401, code: 1000},
		{name: "wrong key", header: headers("X-Auth-Email", "me@example.com", "X-Auth-Key", "other"), status: 403, code: 10000},
		{name: "other scheme", header: headers("Authorization", "Basic c2VjcmV0"), status: 400, code: 6003, chain: 6111},
		{name: "empty token", header: headers("Authorization", "Bearer "), status: 400, code: 6003, chain: 6111},
		{name: "spaces in token", header: headers("Authorization", "Bearer a b"), status: 400, code: 6003, chain: 6111},
		{name: "no key", header: headers("X-Auth-Email", "me@example.com"), status: 400, code: 6003, chain: 6103},
		{name: "bad e-mail", header: headers("X-Auth-Email", "me", "X-Auth-Key", "k"), status: 400, code: 6003, chain: 6102},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newTestSimulator(t, func(c *Config) {
				if test.anyToken {
					c.Token = ""
				}
			})
			paths := []string{test.path}
			if test.path == "" {
				paths = []string{"zones", "accounts", "user/tokens/verify", "graphql"}
			}
			for _, path := range paths {
				if test.status == 403 && strings.HasSuffix(path, "verify") {
					continue
				}
				method, body := http.MethodGet, ""
				if path == "graphql" {
					method, body = http.MethodPost, `{"query":"{cost}"}`
				}
				r := httptest.NewRequest(method, "/client/v4/"+path, strings.NewReader(body))
				r.Header = test.header.Clone()
				if r.Header == nil {
					r.Header = http.Header{}
				}
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				assert.Equal(t, test.status, w.Code, path)
				assert.NotContains(t, w.Body.String(), "secret-token")
				var p struct{ Errors []envelopeItem }
				require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
				if test.code == 0 {
					assert.Empty(t, p.Errors)
					continue
				}
				require.Len(t, p.Errors, 1)
				assert.Equal(t, test.code, p.Errors[0].Code)
				if test.chain != 0 {
					assert.Equal(t, test.chain, p.Errors[0].ErrorChain[0].Code)
				}
			}
		})
	}
}

func TestEveryAnswerHasTheClocksDate(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, func(c *Config) { c.End = testBegin.Add(time.Minute) })
	clock.set(testBegin.Add(42 * time.Hour))
	for _, target := range []string{"/client/v4/zones", "/nowhere", "/truth", "/healthz", "/faults"} {
		w := call(t, s, http.MethodGet, target, nil)
		assert.Equal(t, "Fri, 06 Mar 2026 04:00:00 GMT", w.Header().Get("Date"), target)
	}
}

func TestRESTLimit(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, func(c *Config) { c.Limits.RESTRequests = 3 })
	for i, want := range []string{`"default";r=2;t=300`, `"default";r=1;t=290`, `"default";r=0;t=280`} {
		_, w := listed(t, s, "zones")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Equal(t, want, w.Header().Get("Ratelimit"), i)
		assert.Equal(t, `"default";q=3;w=300`, w.Header().Get("Ratelimit-Policy"))
		assert.Empty(t, w.Header().Get("Retry-After"))
		clock.advance(10 * time.Second)
	}
	p, w := listed(t, s, "zones")
	assert.Equal(t, http.StatusTooManyRequests, w.Code)
	assert.Equal(t, "300", w.Header().Get("Retry-After"), "who exceeds the limit is locked out for five minutes")
	assert.Equal(t, 10429, p.Errors[0].Code)
	clock.advance(299*time.Second + 500*time.Millisecond)
	_, w = listed(t, s, "zones")
	assert.Equal(t, http.StatusTooManyRequests, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
	clock.advance(500 * time.Millisecond)
	_, w = listed(t, s, "zones")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, map[int]int{200: 4, 429: 2}, s.Requests().REST)
}

func TestGraphQLLimitSlides(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, func(c *Config) { c.Limits.GraphQLRequests = 3 })
	for want := 2; want >= 0; want-- {
		answer := ask(t, s, `{ cost viewer { budget } }`, nil)
		assert.Equal(t, want, answer.Data.Viewer.Budget)
		assert.Equal(t, 1, answer.Data.Cost)
		clock.advance(time.Minute)
	}
	answer := ask(t, s, `{ cost }`, nil)
	assert.Equal(t, http.StatusTooManyRequests, answer.Status)
	require.Len(t, answer.Errors, 1)
	assert.Equal(t, "rate limiter budget depleted, try again after 5 minutes", answer.Errors[0].Message)
	assert.Equal(t, "budget", answer.Errors[0].Extensions["code"])
	clock.advance(2 * time.Minute)
	assert.Empty(t, ask(t, s, `{ cost }`, nil).Errors, "the oldest has left the window")
	assert.NotEmpty(t, ask(t, s, `{ cost }`, nil).Errors)
	assert.Equal(t, map[int]int{200: 4, 429: 2}, s.Requests().GraphQL)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	query := []byte(`{"query":"{ viewer { zones(limit: 1) { zoneTag } } }"}`)
	for _, test := range []struct {
		name          string
		faults        Faults
		rest, graphql int
		restHas       string
		graphqlHas    string
		retryAfter    string
	}{
		{name: "none", rest: 200, graphql: 200, restHas: "zone1.", graphqlHas: "zoneTag"},
		{name: "revoked", faults: Faults{REST: Fault{Unauthorized: true}, GraphQL: Fault{Unauthorized: true}}, rest: 403, graphql: 403, restHas: "Authentication error", graphqlHas: "Authentication error"},
		{name: "revoked for REST", faults: Faults{REST: Fault{Unauthorized: true}}, rest: 403, graphql: 200, restHas: "10000", graphqlHas: "zoneTag"},
		{name: "no zones", faults: Faults{NoZones: true}, rest: 200, graphql: 200, restHas: `"result":[]`, graphqlHas: "zoneTag"},
		{name: "empty zones", faults: Faults{EmptyZones: true}, rest: 200, graphql: 200, restHas: "zone1.", graphqlHas: `{"data":{"viewer":{"zones":[]}},"errors":null}`},
		{name: "storm", faults: Faults{REST: Fault{RateLimited: true}, GraphQL: Fault{RateLimited: true}}, rest: 429, graphql: 429, restHas: "10429", graphqlHas: "budget depleted"},
		{name: "polite storm", faults: Faults{REST: Fault{RateLimited: true, RetryAfterSeconds: 7}, GraphQL: Fault{RateLimited: true, RetryAfterSeconds: 7}}, rest: 429, graphql: 429, restHas: "10429", graphqlHas: "budget", retryAfter: "7"},
		{name: "errors", faults: Faults{REST: Fault{ServerErrorRate: 1}, GraphQL: Fault{ServerErrorRate: 1}}, rest: 500, graphql: 500, restHas: "Internal", graphqlHas: "Internal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newTestSimulator(t, nil)
			s.SetFaults(test.faults)
			rest := call(t, s, http.MethodGet, "/client/v4/zones", nil)
			assert.Equal(t, test.rest, rest.Code)
			assert.Contains(t, rest.Body.String(), test.restHas)
			assert.Equal(t, test.retryAfter, rest.Header().Get("Retry-After"))
			graphql := call(t, s, http.MethodPost, "/client/v4/graphql", query)
			assert.Equal(t, test.graphql, graphql.Code)
			assert.Contains(t, graphql.Body.String(), test.graphqlHas)
			assert.Equal(t, test.retryAfter, graphql.Header().Get("Retry-After"))
			s.SetFaults(Faults{})
			assert.Equal(t, 200, call(t, s, http.MethodGet, "/client/v4/zones", nil).Code)
		})
	}
}

func TestNoAccounts(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	s.SetFaults(Faults{NoAccounts: true})
	p, _ := listed(t, s, "accounts")
	assert.Empty(t, p.Result)
	p, _ = listed(t, s, "zones")
	assert.Len(t, p.Result, 10)
}

func TestMalformedAnswers(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	s.SetFaults(Faults{REST: Fault{MalformedRate: 1}, GraphQL: Fault{MalformedRate: 1}})
	for target, w := range map[string]*httptest.ResponseRecorder{
		"REST":    call(t, s, http.MethodGet, "/client/v4/zones", nil),
		"GraphQL": call(t, s, http.MethodPost, "/client/v4/graphql", []byte(`{"query":"{cost}"}`)),
	} {
		assert.Equal(t, http.StatusOK, w.Code, target)
		assert.NotEmpty(t, w.Body.Bytes(), target)
		assert.False(t, json.Valid(w.Body.Bytes()), target)
	}
}

// Faults at a rate strike about as often as they should, and at the same requests in every run.
func TestFaultRatesAreSeeded(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		s, _ := newTestSimulator(t, func(c *Config) { c.Seed = seed })
		s.SetFaults(Faults{REST: Fault{ServerErrorRate: 0.3}})
		var statuses strings.Builder
		for range 200 {
			fmt.Fprint(&statuses, call(t, s, http.MethodGet, "/client/v4/user/tokens/verify", nil).Code, " ")
		}
		return statuses.String()
	}
	first := run(1)
	assert.Equal(t, first, run(1))
	assert.NotEqual(t, first, run(2))
	assert.InDelta(t, 60, strings.Count(first, "500"), 25)
}

func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	const faults = `{"rest":{"hang":false,"unauthorized":false,"rate_limited":true,"retry_after_seconds":3,"server_error_rate":0,"malformed_rate":0.5},` +
		`"graphql":{"hang":false,"unauthorized":true,"rate_limited":false,"retry_after_seconds":0,"server_error_rate":0,"malformed_rate":0},` +
		`"no_accounts":false,"no_zones":true,"empty_zones":true}`
	assert.JSONEq(t, faults, call(t, s, http.MethodPut, "/faults", []byte(faults)).Body.String())
	assert.JSONEq(t, faults, call(t, s, http.MethodGet, "/faults", nil).Body.String())
	assert.Equal(t, 429, call(t, s, http.MethodGet, "/client/v4/zones", nil).Code)
	for _, refused := range []string{`{"rest":{"server_error_rate":2}}`, `{"colour":1}`, `[]`, `{"graphql":{"retry_after_seconds":-1}}`} {
		assert.Equal(t, 400, call(t, s, http.MethodPut, "/faults", []byte(refused)).Code, refused)
	}
	call(t, s, http.MethodPut, "/faults", []byte(`{}`))
	assert.Equal(t, 200, call(t, s, http.MethodGet, "/client/v4/zones", nil).Code)
}

// A request that hangs ends with the client, or with Close.
func TestHang(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	s.SetFaults(Faults{GraphQL: Fault{Hang: true}})
	server := httptest.NewServer(s)
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	post := func(timeout time.Duration) error {
		client := *server.Client()
		client.Timeout = timeout
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/client/v4/graphql", strings.NewReader(`{"query":"{cost}"}`))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer secret-token")
		response, err := client.Do(r)
		if err == nil {
			_ = response.Body.Close()
		}
		return err
	}
	require.ErrorContains(t, post(20*time.Millisecond), "Timeout")
	ended := make(chan error, 1)
	go func() { ended <- post(0) }()
	s.Close()
	require.ErrorIs(t, <-ended, io.EOF)
	require.Eventually(t, func() bool { return s.Requests().GraphQL[0] == 2 }, time.Second, time.Millisecond)
}

func TestTruthOverHTTP(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	from, to := testBegin.Add(3*time.Minute), testBegin.Add(9*time.Minute)
	query := "/truth?from=" + from.Format(time.RFC3339) + "&to=" + to.Format(time.RFC3339)
	groupings, err := json.Marshal(counters())
	require.NoError(t, err)
	read := func(target string) []Total {
		var totals []Total
		require.NoError(t, json.Unmarshal(call(t, s, http.MethodPost, target, groupings).Body.Bytes(), &totals))
		return totals
	}
	assert.Equal(t, exact(s.Truth(from, to, counters()...)), read(query))
	assert.Equal(t, exact(s.Truth(time.Time{}, time.Time{}, counters()...)), read("/truth"))
	hidden := foldTruth(read(query + "&all=1"))
	free := firstOf(s, PlanFree).ID
	assert.NotZero(t, hidden[free+" httpRequests1mGroups sum.requestsmap[]"])
	assert.Zero(t, foldTruth(exact(s.Truth(from, to, counters()...)))[free+" httpRequests1mGroups sum.requestsmap[]"])
	assert.Equal(t, "[]\n", call(t, s, http.MethodPost, "/truth?to=2020-01-01T00:00:00Z", groupings).Body.String())
	for body, want := range map[string]string{
		`[]`:           "a JSON list of groupings",
		`[{"nme": 1}]`: "unknown field",
		`[{"name": "n", "scope": "zone", "dataset": "d"}]`: `grouping \"n\": there is no dataset \"d\" of scope \"zone\"`,
	} {
		w := call(t, s, http.MethodPost, "/truth", []byte(body))
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Contains(t, w.Body.String(), want)
	}
}
