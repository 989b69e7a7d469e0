// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
)

// Config is the receiver's configuration.
type Config struct {
	// HTTP is the server that is pushed to. Unless it has an auth extension it listens on a loopback address only.
	HTTP confighttp.ServerConfig `mapstructure:"http"`
	// InsecureNoAuth allows any address without authentication: everybody who reaches it can push, read and delete.
	InsecureNoAuth bool `mapstructure:"insecure_no_auth"`

	// CollectionInterval is the time between two emissions of all series; keep it at least as long as what scrapes them.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`
	// Acknowledge says what an answer means: durable, that what was pushed is saved, or memory, that it is counted.
	Acknowledge string `mapstructure:"acknowledge"`
	// Storage names the extension that keeps the series. Needed where acknowledge is durable.
	Storage *component.ID `mapstructure:"storage"`

	// SeriesTTL is how long a series lives that nothing is pushed to; 0s is for ever.
	SeriesTTL time.Duration `mapstructure:"series_ttl"`
	// SeriesLimit bounds the series of each metric; what is beyond goes to one series with the attribute
	// otel.metric.overflow. It also bounds the instances that push cumulative points.
	SeriesLimit int `mapstructure:"series_limit"`
	// MetricsLimit bounds the metrics; what is beyond is refused.
	MetricsLimit int `mapstructure:"metrics_limit"`

	// Attributes are those of points: labels, in Prometheus' words.
	Attributes AttributesConfig `mapstructure:"attributes"`
	// ResourceAttributes are those of whatever pushes.
	ResourceAttributes ResourceAttributesConfig `mapstructure:"resource_attributes"`
	// Idempotency is for requests with an Idempotency-Key.
	Idempotency IdempotencyConfig `mapstructure:"idempotency"`
}

// AttributesConfig says which attributes of points tell series apart.
type AttributesConfig struct {
	// Allow lists the names of attributes that are kept; with none, all are. What differs in others only is added up.
	Allow []string `mapstructure:"allow"`
	// ValueLimit bounds the values of each attribute of a metric; new ones beyond it become _OTHER.
	ValueLimit int `mapstructure:"value_limit"`
}

// ResourceAttributesConfig says which attributes of resources tell series apart.
type ResourceAttributesConfig struct {
	// Identify lists the names of attributes that are kept. What differs in others only is added up.
	Identify []string `mapstructure:"identify"`
}

// IdempotencyConfig bounds the idempotency keys that are remembered.
type IdempotencyConfig struct {
	// MaxKeys is the most keys; new ones beyond it are refused for the time being.
	MaxKeys int `mapstructure:"max_keys"`
	// TTL is how long a key is remembered at least. Clients must not retry for longer.
	TTL time.Duration `mapstructure:"ttl"`
}

// The meanings of an answer.
const (
	acknowledgeDurable = "durable"
	acknowledgeMemory  = "memory"
)

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "localhost:9091" // the Pushgateway's port
	server.MaxRequestBodySize = 4 << 20
	server.ReadHeaderTimeout = 10 * time.Second
	server.ReadTimeout = 30 * time.Second
	return &Config{
		HTTP:               server,
		CollectionInterval: time.Minute,
		Acknowledge:        acknowledgeDurable,
		SeriesTTL:          7 * 24 * time.Hour,
		SeriesLimit:        10_000,
		MetricsLimit:       1_000,
		Attributes:         AttributesConfig{ValueLimit: 1_000},
		ResourceAttributes: ResourceAttributesConfig{Identify: []string{"service.name", "service.namespace"}},
		Idempotency:        IdempotencyConfig{MaxKeys: 300_000, TTL: 10 * time.Minute},
	}
}

// Validate names each key that is wrong and what to write instead.
func (c *Config) Validate() error {
	return errors.Join(c.validateServer(), c.validateState(), c.validateLimits(), c.validateAttributes())
}

func (c *Config) validateServer() error {
	if c.HTTP.NetAddr.Endpoint == "" {
		return errors.New("http::endpoint: must be the address to listen on, for example localhost:9091")
	}
	if c.HTTP.MaxRequestBodySize > maxBodyBytes/2 {
		return fmt.Errorf("http::max_request_body_size: must be at most %d, half of what all requests share", maxBodyBytes/2)
	}
	if c.HTTP.Auth.HasValue() || c.InsecureNoAuth || c.HTTP.NetAddr.Transport == confignet.TransportTypeUnix {
		return nil
	}
	host, _, err := net.SplitHostPort(c.HTTP.NetAddr.Endpoint)
	if err != nil {
		return fmt.Errorf("http::endpoint: %w; write host:port, for example localhost:9091", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("http::auth: everybody who reaches %s could push and delete; name an auth extension, for example "+
			"bearertokenauth, or listen on localhost, or set insecure_no_auth: true", c.HTTP.NetAddr.Endpoint)
	}
	return nil
}

func (c *Config) validateState() error {
	var errs []error
	if c.CollectionInterval <= 0 {
		errs = append(errs, errors.New("collection_interval: must be positive, for example 60s"))
	}
	switch c.Acknowledge {
	case acknowledgeDurable:
		if c.Storage == nil {
			errs = append(errs, errors.New("storage: acknowledge: durable needs a storage extension, for example file_storage; "+
				"without one set acknowledge: memory"))
		}
	case acknowledgeMemory:
	default:
		errs = append(errs, fmt.Errorf("acknowledge: %q is neither durable nor memory", c.Acknowledge))
	}
	if c.SeriesTTL < 0 || c.SeriesTTL > 0 && c.SeriesTTL < time.Minute {
		errs = append(errs, errors.New("series_ttl: must be at least 1m, or 0s for ever"))
	}
	return errors.Join(errs...)
}

func (c *Config) validateLimits() error {
	var errs []error
	for _, limit := range []struct {
		key   string
		value int
	}{
		{"series_limit", c.SeriesLimit},
		{"metrics_limit", c.MetricsLimit},
		{"attributes::value_limit", c.Attributes.ValueLimit},
		{"idempotency::max_keys", c.Idempotency.MaxKeys},
	} {
		if limit.value <= 0 {
			errs = append(errs, fmt.Errorf("%s: must be positive", limit.key))
		}
	}
	if c.Idempotency.TTL < time.Second {
		errs = append(errs, errors.New("idempotency::ttl: must be at least 1s, and longer than clients retry"))
	}
	return errors.Join(errs...)
}

func (c *Config) validateAttributes() error {
	var errs []error
	if slices.Contains(c.Attributes.Allow, "") {
		errs = append(errs, errors.New("attributes::allow: a name is empty"))
	}
	for _, name := range c.ResourceAttributes.Identify {
		if strings.TrimSpace(name) == "" {
			errs = append(errs, errors.New("resource_attributes::identify: a name is empty"))
		}
	}
	return errors.Join(errs...)
}
