// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

const testToken = "e2e-token-that-must-never-be-printed"

const (
	// worldSeed makes the streams of all worlds.
	worldSeed = 11
	// speed is how many times as fast as time the simulated clock runs.
	speed = 60
	// behind is how far the simulated clock is behind ours at first; it never catches up within a test.
	behind = 8 * time.Hour
	// history is how much of the stream lies before the start.
	history = 20 * time.Minute
)

// world is a simulated Cloudflare with a stream of events that begins before the test and ends during it.
type world struct {
	t          *testing.T
	sim        *simulator.Simulator
	accounts   []simulator.Account
	begin, end time.Time
	port       int
	server     *httptest.Server
	// pending is the number of requests that have not been answered yet.
	pending atomic.Int32
}

// newWorld starts a Cloudflare whose stream goes on for so long on its clock, 60 times as fast as ours.
func newWorld(t *testing.T, accounts []simulator.Account, length time.Duration) *world {
	t.Helper()
	executable(t) // building takes a while, in which the clock must not run
	began := time.Now()
	start := began.Add(-behind).Truncate(time.Minute)
	return openWorld(t, simulator.Config{
		Accounts: accounts, Begin: start.Add(-history), End: start.Add(length), EventsPerMinute: 40,
		Clock: func() time.Time { return start.Add(time.Since(began) * speed) },
	})
}

// openWorld starts a Cloudflare that has the tests' seed, token and no quotas.
func openWorld(t *testing.T, config simulator.Config) *world {
	t.Helper()
	config.Seed, config.Token = worldSeed, testToken
	config.Limits.RESTRequests, config.Limits.GraphQLRequests = -1, -1
	w := &world{t: t, accounts: config.Accounts, begin: config.Begin, end: config.End, port: freePort(t)}
	var err error
	w.sim, err = simulator.New(config)
	require.NoError(t, err)
	w.serve()
	t.Cleanup(func() {
		w.sim.Close()
		w.server.Close()
	})
	return w
}

// serve answers at the world's port, again after the server has been closed.
func (w *world) serve() {
	w.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(w.port))
	require.NoError(w.t, err)
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.pending.Add(1)
		defer w.pending.Add(-1)
		w.sim.ServeHTTP(rw, r)
	}))
	_ = w.server.Listener.Close()
	w.server.Listener = listener
	w.server.Start()
}

// truth is what every counter must stand at in the end.
func (w *world) truth() map[oracle.Series]float64 {
	w.t.Helper()
	s, err := documented()
	require.NoError(w.t, err)
	totals, err := w.sim.Truth(w.begin, w.end, s.Groupings(oracle.Counter)...)
	require.NoError(w.t, err)
	return s.Expected(totals, oracle.Computed(w.sim.RuleNames))
}

// documented is what the documentation says of the metrics that are enabled by default and read from datasets.
var documented = sync.OnceValues(func() (*oracle.Specification, error) {
	text, err := os.ReadFile(filepath.Join(repository, "metadata.yaml"))
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	s, err := oracle.New(document)
	if err != nil {
		return nil, err
	}
	return s.Default(), nil
})

// expectTruth compares every counter with what happened: none missing, none extra, all equal.
func (w *world) expectTruth(actual map[oracle.Series]float64) {
	w.t.Helper()
	expected := w.truth()
	require.Greater(w.t, len(expected), 100, "the simulated world is too quiet")
	differences := oracle.Differences(expected, actual)
	assert.Empty(w.t, strings.Join(differences[:min(10, len(differences))], "\n"),
		"%d of %d series differ", len(differences), len(expected))
}

// mixedPlans are two accounts with four zones each, some of which may read less than others.
func mixedPlans() []simulator.Account {
	return simulator.DefaultLayout(2, 4, simulator.PlanEnterprise, simulator.PlanFree, simulator.PlanPro)
}

// twoZones are alike in everything but their identity.
func twoZones() []simulator.Account {
	return simulator.DefaultLayout(1, 2, simulator.PlanEnterprise)
}

// ports are those that the tests of this package use.
var ports process.Ports

func freePort(t *testing.T) int {
	t.Helper()
	return ports.Free(t)
}
