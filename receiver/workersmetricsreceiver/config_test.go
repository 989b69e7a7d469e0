// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/metadata"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	file, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	sub, err := file.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	require.NotEmpty(t, sub.ToStringMap(), name)
	config := createDefaultConfig()
	if err := sub.Unmarshal(config); err != nil {
		return nil, err
	}
	return config.(*Config), confmap.Validate(config) //nolint:errcheck // it is
}

func TestValidConfigs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"durable", "memory", "auth", "insecure", "unix", "ipv6", "full"} {
		_, err := load(t, name)
		require.NoError(t, err, name)
	}
	got, err := load(t, "full")
	require.NoError(t, err)
	want := createDefaultConfig().(*Config) //nolint:errcheck // it is
	want.HTTP.NetAddr.Endpoint = "127.0.0.1:1234"
	want.HTTP.MaxRequestBodySize = 1000
	want.CollectionInterval = 15 * time.Second
	want.Acknowledge = acknowledgeMemory
	want.Storage = new(component.MustNewIDWithName("file_storage", "workers"))
	want.SeriesTTL = time.Hour
	want.SeriesLimit = 10
	want.MetricsLimit = 20
	want.Attributes = AttributesConfig{Allow: []string{"method", "route"}, ValueLimit: 30}
	want.ResourceAttributes.Identify = []string{"service.name", "deployment.environment.name"}
	want.Idempotency = IdempotencyConfig{MaxKeys: 40, TTL: time.Minute}
	assert.Equal(t, want, got)
	assert.Equal(t, []string{"deployment.environment.name", "service.name"}, got.settings().ResourceAttributes, "sorted, as the store wants them")
}

func TestInvalidConfigs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"no_storage":  {"storage: acknowledge: durable needs a storage extension, for example file_storage; without one set acknowledge: memory"},
		"open":        {"http::auth: everybody who reaches 0.0.0.0:9091 could push and delete", "set insecure_no_auth: true"},
		"all":         {"http::auth: everybody who reaches :9091 could push and delete"},
		"hostname":    {"http::auth: everybody who reaches metrics.example.com:9091"},
		"large":       {"http::max_request_body_size: must be at most 33554432"},
		"no_port":     {"http::endpoint: address localhost: missing port in address; write host:port"},
		"no_endpoint": {"http::endpoint: must be the address to listen on"},
		"numbers": {
			"collection_interval: must be positive", `acknowledge: "maybe" is neither durable nor memory`, "series_ttl: must be at least 1m",
			"series_limit: must be positive", "metrics_limit: must be positive", "attributes::value_limit: must be positive",
			"idempotency::max_keys: must be positive", "idempotency::ttl: must be at least 1s",
		},
		"names":   {"attributes::allow: a name is empty", "resource_attributes::identify: a name is empty"},
		"unknown": {"has invalid keys: atributes"},
	} {
		_, err := load(t, name)
		for _, text := range want {
			require.ErrorContains(t, err, text, name)
		}
	}
}
