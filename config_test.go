// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/metadata"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	sub, err := conf.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	config := defaultConfig()
	if err := sub.Unmarshal(config); err != nil {
		return nil, err
	}
	return config, confmap.Validate(config)
}

func TestDefaultConfig(t *testing.T) {
	t.Parallel()
	config, err := load(t, "")
	require.NoError(t, err)
	assert.Equal(t, time.Minute, config.ControllerConfig.CollectionInterval)
	assert.Equal(t, time.Second, config.ControllerConfig.InitialDelay)
	assert.Equal(t, "https://api.cloudflare.com/client/v4", config.HTTP.Endpoint)
	assert.Equal(t, 30*time.Second, config.HTTP.Timeout)
	assert.Equal(t, 20*time.Second, config.Retry.MaxElapsedTime)
	assert.Equal(t, 10*time.Minute, config.Inventory.Refresh)
	assert.Equal(t, 5*time.Minute, config.Delay)
	assert.Zero(t, config.Lookback)
	assert.Equal(t, 24*time.Hour, config.MaxBackfill)
	assert.Nil(t, config.Storage)
	assert.Equal(t, 10_000, config.SeriesLimit)
	assert.Equal(t, RateConfig{240, 5 * time.Minute}, config.RateLimit.GraphQL)
	assert.Equal(t, RateConfig{960, 5 * time.Minute}, config.RateLimit.REST)
	assert.False(t, config.RateLimit.AccountBased)
}

func TestConfigWithEveryKey(t *testing.T) {
	t.Parallel()
	config, err := load(t, "everything")
	require.NoError(t, err)
	assert.Equal(t, 30*time.Second, config.ControllerConfig.CollectionInterval)
	assert.Equal(t, "key", string(config.APIKey))
	assert.Equal(t, inventory.Filter{
		Include: []string{"Example*"}, Exclude: []string{"0123456789abcdef0123456789abcdef"},
	}, config.Accounts)
	assert.Equal(t, 4*time.Minute, config.delay(datasetNamed(t, "httpRequests1mGroups")))
	assert.Equal(t, 3*time.Minute, config.delay(datasetNamed(t, "workersInvocationsAdaptive")))
	assert.Equal(t, "file_storage/state", config.Storage.String())
	assert.True(t, config.RateLimit.AccountBased)
	assert.False(t, config.MetricsBuilderConfig.Metrics.CloudflareZoneUniques.Enabled)
	assert.NotContains(t, fmt.Sprintf("%v %+v", config, config), "key ")

	_, err = load(t, "extension")
	require.NoError(t, err)
}

func TestConfigErrorsNameKeyAndRemedy(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"no_credentials":           "api_token: no credentials; set api_token",
		"token_and_key":            "api_token: set either api_token or api_key",
		"token_and_extension":      "http::auth: set either",
		"key_without_email":        "api_email: api_key needs",
		"email_without_key":        "api_key: api_email needs",
		"endpoint_without_scheme":  `http::endpoint: "api.cloudflare.com/client/v4" is not an http or https URL; Cloudflare's is`,
		"endpoint_with_query":      "http::endpoint: must be a plain URL",
		"no_timeout":               "http::timeout: must be positive",
		"bad_glob":                 `zones: "[a" is not a valid pattern: write an id, a name, or a glob`,
		"bad_account_glob":         `accounts: "[a" is not a valid pattern`,
		"no_refresh":               "inventory::refresh: must be positive",
		"negative_delay":           "delay: must not be negative; 5m suits",
		"delay_beyond_backfill":    "delay: 25h0m0s must be shorter than max_backfill (24h0m0s)",
		"negative_lookback":        "lookback: must not be negative",
		"lookback_beyond_backfill": "lookback: 25h0m0s is further back than max_backfill",
		"short_backfill":           "max_backfill: must be at least 1h",
		"no_requests":              "rate_limit::graphql::requests: must be at least 10",
		"no_period":                "rate_limit::rest::per: must be positive, for example 5m",
		"unknown_dataset":          "datasets::httpRequests1m: no such dataset; there are advancedDns",
		"negative_dataset_delay":   "datasets::httpRequests1mGroups::delay: must not be negative",
		"token_with_line_end":      "api_token: contains a space, a line break",
		"no_series":                "series_limit: must be positive",
		"no_interval":              `"collection_interval"`,
		"unknown_key":              "has invalid keys: delai",
		"unknown_metric":           "has invalid keys: cloudflare.zone.request",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, name)
			require.ErrorContains(t, err, want)
		})
	}
}

func TestUnknownStorageExtension(t *testing.T) {
	t.Parallel()
	config, err := load(t, "everything")
	require.NoError(t, err)
	r, err := NewFactory().CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), config, consumertest.NewNop())
	require.NoError(t, err)
	err = r.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "storage: storage extension 'file_storage/state' not found; name an extension that is listed under service::extensions")
	require.NoError(t, r.Shutdown(t.Context()))
}

func datasetNamed(t *testing.T, name string) *dataset.Dataset {
	t.Helper()
	list, err := catalogue()
	require.NoError(t, err)
	i := slices.IndexFunc(list, func(d *dataset.Dataset) bool { return d.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return list[i]
}
