// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConfig(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 4, 10, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	o, err := parseOptions([]string{
		"--seed", "5", "--accounts", "2", "--zones", "3", "--plans", "pro, free", "--events-per-minute", "9", "--token", "t",
		"--clock-start", "2026-01-01T00:00:00Z", "--clock-speed", "60", "--begin", "-2h", "--end", "2026-01-01T01:00:00Z", "--node-bound", "50",
		"--grant", "firewallEventsAdaptiveGroups", "--label-sets", "1000",
	}, io.Discard)
	require.NoError(t, err)
	config, err := o.config(clock)
	require.NoError(t, err)

	assert.Equal(t, uint64(5), config.Seed)
	require.Len(t, config.Accounts, 2)
	require.Len(t, config.Accounts[1].Zones, 3)
	assert.Equal(t, simulator.PlanFree, config.Accounts[1].Zones[0].Plan)
	assert.Equal(t, []string{"firewallEventsAdaptiveGroups"}, config.Accounts[1].Granted)
	assert.Equal(t, 1000, config.Accounts[0].Zones[0].LabelSetsPerMinute)
	assert.Zero(t, config.Accounts[1].Zones[0].LabelSetsPerMinute)
	assert.Equal(t, 9, config.EventsPerMinute)
	assert.Equal(t, "t", config.Token)
	assert.Equal(t, 50, config.Limits.ScopeNodes)
	start := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, start.Add(-2*time.Hour), config.Begin)
	assert.Equal(t, start.Add(time.Hour), config.End)
	assert.Equal(t, start, config.Clock())
	now = now.Add(time.Second)
	assert.Equal(t, start.Add(time.Minute), config.Clock())
}

func TestDefaultsNeedNoFlags(t *testing.T) {
	t.Parallel()
	o, err := parseOptions(nil, io.Discard)
	require.NoError(t, err)
	config, err := o.config(time.Now)
	require.NoError(t, err)
	assert.True(t, config.End.IsZero())
	assert.WithinDuration(t, time.Now().Add(-time.Hour), config.Begin, time.Minute)
	_, err = simulator.New(config)
	require.NoError(t, err)
}

func TestRefusedFlags(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--begin", "yesterday"}, "--begin"},
		{[]string{"--end", "soon"}, "--end"},
		{[]string{"--clock-start", "dawn"}, "--clock-start"},
		{[]string{"--clock-speed", "0"}, "--clock-speed"},
		{[]string{"--accounts", "0"}, "--accounts"},
		{[]string{"--plans", "gold"}, "gold"},
		{[]string{"--begin", "1h", "--end", "-1h"}, "before"},
		{[]string{"--grant", "colours"}, "no such dataset"},
		{[]string{"--label-sets", "-1"}, "label sets"},
		{[]string{"--faults", "nowhere.json"}, "--faults"},
		{[]string{"--faults", "main_test.go"}, "reading faults"},
		{[]string{"--listen", "nowhere"}, "listening"},
		{[]string{"stray"}, "stray"},
		{[]string{"--help"}, "help requested"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, run(t.Context(), test.args, io.Discard, io.Discard), test.want)
		})
	}
}

func TestStartFaults(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "faults.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"no_zones": true, "rest": {"reset_rate": 0.5}}`), 0o600))
	faults, err := options{faults: file}.startFaults()
	require.NoError(t, err)
	assert.Equal(t, simulator.Faults{NoZones: true, REST: simulator.Fault{ResetRate: 0.5}}, faults)
}

// It says where it listens, answers there, and stops at once even while a request hangs.
func TestRun(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	output, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--listen", "127.0.0.1:0"}, writer, io.Discard) }()
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	_, url, ok := strings.Cut(strings.TrimSpace(line), "listening on ")
	require.True(t, ok, line)
	root := strings.TrimSuffix(url, "/client/v4")

	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	assert.Equal(t, http.StatusNoContent, status(t, client, http.MethodGet, root+"/healthz", ""))
	assert.Equal(t, http.StatusOK, status(t, client, http.MethodPut, root+"/faults", `{"rest":{"hang":true}}`))
	hung := make(chan error, 1)
	go func() {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/zones", http.NoBody)
		if err == nil {
			var response *http.Response
			if response, err = client.Do(request); err == nil {
				_ = response.Body.Close()
			}
		}
		hung <- err
	}()
	cancel()
	require.NoError(t, <-ended)
	require.Error(t, <-hung)
}

func status(t *testing.T, client *http.Client, method, url, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}
