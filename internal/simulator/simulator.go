// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare/schema"
)

// Simulator is an http.Handler that answers as api.cloudflare.com would. Its own endpoints, /truth, /faults and /healthz,
// ask for no token.
type Simulator struct {
	config   Config
	schema   *ast.Schema
	current  atomic.Pointer[world]
	changing sync.Mutex // of whoever replaces current
	traffic  *traffic
	requests *stream[httpRequest]
	matched  *stream[httpRequest] // those of requests that a security rule matched
	workers  *stream[invocation]
	// synthetic has the events of datasets that are not modelled by hand.
	synthetic *stream[syntheticEvent]
	nodes     map[nodeKey]*node
	mux       *http.ServeMux
	faults    *faultState
	rest      *rateLimiter
	graphql   *rateLimiter
	buckets   buckets
	counts    requestCounter
	reads     readLog
	altered   alterations
	rays      atomic.Uint64
	closed    chan struct{}
	close     func()
}

// kind is a kind of request that limits and faults apply to.
type kind string

const (
	kindREST    kind = "rest"
	kindGraphQL kind = "graphql"
)

// RequestCounts tells how many requests were answered with which HTTP status. The status of one that was left without
// an answer is 0.
type RequestCounts struct {
	REST, GraphQL map[int]int
}

// New builds a simulator. It starts no goroutine.
func New(config Config) (*Simulator, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("simulator configuration: %w", err)
	}
	parsed, err := schema.Load()
	if err != nil {
		return nil, fmt.Errorf("loading the GraphQL schema: %w", err)
	}
	return newSimulator(config, parsed)
}

func newSimulator(config Config, parsed *ast.Schema) (*Simulator, error) {
	closed := make(chan struct{})
	s := &Simulator{
		config:  config,
		schema:  parsed,
		faults:  newFaultState(config.Seed),
		rest:    &rateLimiter{limit: config.Limits.RESTRequests, lockout: true},
		graphql: &rateLimiter{limit: config.Limits.GraphQLRequests},
		buckets: buckets{limit: config.Limits.AccountBased, limiters: map[string]*rateLimiter{}},
		counts:  requestCounter{counts: map[kind]map[int]int{kindREST: {}, kindGraphQL: {}}},
		altered: newAlterations(config.Tokens),
		closed:  closed,
		close:   sync.OnceFunc(func() { close(closed) }),
	}
	if s.config.Sleep == nil {
		s.config.Sleep = s.sleep
	}
	s.current.Store(newWorld(config.Accounts, nil, s.now()))
	s.traffic = newTraffic(config)
	s.requests = newStream(config, cachedEvents, s.traffic.minute)
	s.matched = matchedRequests(config, s.requests)
	s.workers = newStream(config, cachedEvents, invocationGenerator(config))
	s.synthetic = newSyntheticStream(config)
	s.nodes = s.datasets()
	if err := s.checkEntitlements(s.world()); err != nil {
		return nil, fmt.Errorf("simulator configuration: %w", err)
	}
	s.mux = s.routes()
	return s, nil
}

// Close releases the requests that hang or wait. The simulator goes on answering, but nothing hangs any more.
func (s *Simulator) Close() { s.close() }

// ServeHTTP answers one request of the Cloudflare API or of the simulator's own.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	date := s.now()
	if strings.HasPrefix(r.URL.Path, "/client/") {
		date = s.skewed(date)
	}
	w.Header().Set("Date", date.Format(http.TimeFormat))
	w.Header().Set("Cf-Ray", fmt.Sprintf("%016x-SIM", s.rays.Add(1)))
	s.mux.ServeHTTP(w, r)
}

// SetFaults replaces the faults in force. A request that hangs already goes on hanging.
func (s *Simulator) SetFaults(faults Faults) { s.faults.set(faults) }

// Requests returns the number of API requests answered so far.
func (s *Simulator) Requests() RequestCounts {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	return RequestCounts{REST: maps.Clone(s.counts.counts[kindREST]), GraphQL: maps.Clone(s.counts.counts[kindGraphQL])}
}

func (s *Simulator) now() time.Time { return s.config.Clock().UTC() }

func (s *Simulator) routes() *http.ServeMux {
	mux := http.NewServeMux()
	s.routeREST(mux)
	mux.Handle("/client/v4/graphql", s.api(kindGraphQL, s.serveGraphQL))
	mux.Handle("/client/v4/graphql/{$}", s.api(kindGraphQL, s.serveGraphQL))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/truth", s.serveTruth)
	mux.HandleFunc("/faults", s.serveFaults)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { writeEnvelopeError(w, errNoRoute(r.URL.Path)) })
	return mux
}

// requestCounter counts answers by kind and status.
type requestCounter struct {
	mu     sync.Mutex
	counts map[kind]map[int]int
}

func (c *requestCounter) add(k kind, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[k][status]++
}
