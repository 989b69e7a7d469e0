// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	credentials = "CLOUDFLARE_API_TOKEN=" + testToken
	pushToken   = "WORKERS_METRICS_TOKEN=secret"
)

// Each shipped configuration is valid with what its comment calls required, by itself and with the simulator's.
func TestShippedConfigurationsAreValid(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(repository, "config", "collector-*.yaml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 4)
	for _, file := range files {
		name := filepath.Base(file)
		for variant, tt := range map[string]struct{ env, args []string }{
			"alone":              {[]string{credentials}, nil},
			"with the simulator": {nil, []string{"--config=" + shipped("simulator.yaml")}},
			"with a bearer token": {[]string{
				credentials, "REMOTE_WRITE_AUTH=bearertokenauth", "REMOTE_WRITE_TOKEN=secret",
			}, nil},
			"by other ways out": {[]string{
				credentials, "WORKERS_EXPORTERS=[otlp_http/workers, prometheus_remote_write/workers]",
			}, nil},
			"with the Workers' metrics": {[]string{credentials}, []string{"--config=" + shipped("collector-workers.yaml")}},
		} {
			t.Run(name+" "+variant, func(t *testing.T) {
				t.Parallel()
				assert.Empty(t, validate(t, append(tt.env, pushToken), append([]string{"--config=" + shipped(name)}, tt.args...)...))
			})
		}
	}
}

// A wrong configuration is refused with a message that names the key and what to write instead.
func TestWrongConfigurationsAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env    []string
		change string // laid over the shipped configuration, below the receiver
		want   []string
	}{
		"no token":          {nil, "", []string{"api_token: no credentials", "${env:CLOUDFLARE_API_TOKEN}"}},
		"two credentials":   {[]string{credentials}, "{api_key: k, api_email: me@example.com}", []string{"api_token: set either"}},
		"key without email": {nil, "{api_key: k}", []string{"api_email:", "needs the e-mail address"}},
		"no scheme":         {[]string{credentials}, "{http: {endpoint: api.cloudflare.com}}", []string{"http::endpoint", "https://api.cloudflare.com/client/v4"}},
		"negative delay":    {[]string{credentials}, "{delay: -1s}", []string{"delay: must not be negative", "5m"}},
		"long lookback":     {[]string{credentials}, "{lookback: 48h}", []string{"lookback: 48h0m0s", "max_backfill"}},
		"bad glob":          {[]string{credentials}, "{zones: {include: ['[']}}", []string{"zones: ", "not a valid pattern", "*.example.com"}},
		"no interval":       {[]string{credentials}, "{collection_interval: 0s}", []string{"collection_interval"}},
		"unknown dataset":   {[]string{credentials}, "{datasets: {httpRequests2m: {delay: 1m}}}", []string{"datasets::httpRequests2m", "httpRequests1mGroups"}},
		"unknown key":       {[]string{credentials}, "{zone: {}}", []string{"invalid keys: zone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"--config=" + shipped("collector-prometheus.yaml")}
			if tt.change != "" {
				args = append(args, "--config=yaml:{receivers: {cloudflaremetrics: "+tt.change+"}}")
			}
			message := validate(t, tt.env, args...)
			assert.Contains(t, message, "cloudflaremetrics")
			for _, want := range tt.want {
				assert.Contains(t, message, want)
			}
		})
	}
}

// Whether a storage extension exists is known when the Collector starts.
func TestUnknownStorageIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, twoZones(), time.Minute)
	c := deployPrometheus(t, w, "yaml:receivers::cloudflaremetrics::storage: redis").start()
	require.Error(t, c.Wait())
	assert.Len(t, c.Log.Lines("Error:", "storage", "redis", "service::extensions"), 1)
}

// validate gives what the command validate complains about.
func validate(t *testing.T, env []string, args ...string) string {
	t.Helper()
	c := startProcess(t, env, executable(t), append([]string{"validate", componentStatus}, args...)...)
	err := c.Wait()
	message := c.Log.String()
	assert.Equal(t, message == "", err == nil, "the exit status tells whether there is anything to complain about")
	return message
}
