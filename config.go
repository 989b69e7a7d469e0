// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/scraper/scraperhelper"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/metadata"
)

// Config is the receiver's configuration.
type Config struct {
	ControllerConfig     scraperhelper.ControllerConfig `mapstructure:",squash"`
	MetricsBuilderConfig metadata.MetricsBuilderConfig  `mapstructure:",squash"`

	// APIToken is a Cloudflare API token. One of it, api_key with api_email, and http::auth is needed.
	APIToken configopaque.String `mapstructure:"api_token"`
	// APIKey is a user's global API key, which may do whatever its user may: prefer a token.
	APIKey configopaque.String `mapstructure:"api_key"`
	// APIEmail is the e-mail address of the user whose global API key is given.
	APIEmail string `mapstructure:"api_email"`
	// HTTP is the client that both APIs are asked with: proxy, TLS, headers, and an extension that authenticates.
	HTTP confighttp.ClientConfig `mapstructure:"http"`
	// Retry says how a failed request is repeated inside one scrape; later scrapes try again in any case.
	Retry configretry.BackOffConfig `mapstructure:"retry"`

	// Accounts chooses accounts, of those that the credentials see. The zones of an account that is left out are left out too.
	Accounts inventory.Filter `mapstructure:"accounts"`
	// Zones chooses zones of the accounts that are left.
	Zones inventory.Filter `mapstructure:"zones"`
	// Inventory is the list of accounts and zones.
	Inventory InventoryConfig `mapstructure:"inventory"`

	// Delay is how long Cloudflare gets to settle before a window is read: what arrives later is not counted.
	Delay time.Duration `mapstructure:"delay"`
	// Lookback is how long before the newest settled minute the very first window starts.
	Lookback time.Duration `mapstructure:"lookback"`
	// MaxBackfill is the age at which a window that could not be read is given up, at least 1h. As long is a zone kept that
	// Cloudflare no longer lists.
	MaxBackfill time.Duration `mapstructure:"max_backfill"`
	// Storage names the extension that keeps the counters; without one they restart with the process.
	Storage *component.ID `mapstructure:"storage"`

	// DropAttributes are left out of all metrics that are read from GraphQL, such as host; what differs in nothing else is
	// one series.
	DropAttributes []string `mapstructure:"drop_attributes"`
	// StatusClass counts by classes such as 2xx instead of by HTTP status codes.
	StatusClass bool `mapstructure:"status_class"`
	// RequestSource is eyeball for the requests of end users, as Cloudflare's dashboard shows them, or all for those of
	// Workers, cache purges and health checks as well.
	RequestSource string `mapstructure:"request_source"`
	// SeriesLimit bounds the label sets of each metric of each zone or account; what is beyond goes to one series with the
	// attribute otel.metric.overflow.
	SeriesLimit int `mapstructure:"series_limit"`

	// RateLimit is how much the receiver may ask. The default is 80 % of what Cloudflare allows a user, whom the dashboard and
	// Terraform use too.
	RateLimit RateLimitConfig `mapstructure:"rate_limit"`
	// Datasets has settings for single datasets, by Cloudflare's name, that of one of its queries, or the name of a REST list.
	Datasets map[string]DatasetConfig `mapstructure:"datasets"`
}

// InventoryConfig says how the list of accounts and zones is kept.
type InventoryConfig struct {
	// Refresh is how long a list is taken as current: new zones are found so late.
	Refresh time.Duration `mapstructure:"refresh"`
}

// RateLimitConfig is the share of Cloudflare's quota that the receiver may use.
type RateLimitConfig struct {
	// GraphQL is for analytics.
	GraphQL RateConfig `mapstructure:"graphql"`
	// REST is for lists of accounts, zones, certificates, pools, tunnels and rules.
	REST RateConfig `mapstructure:"rest"`
	// AccountBased asks for Cloudflare's account-based limits, under which graphql is the rate of each zone and each account by
	// itself, and each zone is asked for in queries of its own.
	AccountBased bool `mapstructure:"account_based"`
}

// RateConfig is a number of requests in any span of time of that length.
type RateConfig struct {
	// Requests is how many start in any span of time of the length per, at least 10.
	Requests int `mapstructure:"requests"`
	// Per is that span's length.
	Per time.Duration `mapstructure:"per"`
}

// DatasetConfig overrides settings for one dataset.
type DatasetConfig struct {
	// Delay takes the place of the receiver's delay. REST lists have none.
	Delay *time.Duration `mapstructure:"delay"`
	// Interval is how often the dataset is read at the most, a multiple of its granularity; 0s is each scrape. REST lists have
	// longer ones unless it is set.
	Interval *time.Duration `mapstructure:"interval"`
}

// The values of request_source.
const (
	sourceEyeball = "eyeball"
	sourceAll     = "all"
)

func createDefaultConfig() component.Config { return defaultConfig() }

func defaultConfig() *Config {
	client := confighttp.NewDefaultClientConfig()
	client.Endpoint = "https://api.cloudflare.com/client/v4"
	client.Timeout = 30 * time.Second

	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = 500 * time.Millisecond
	retry.MaxInterval = 10 * time.Second
	retry.MaxElapsedTime = 20 * time.Second

	return &Config{
		ControllerConfig:     scraperhelper.NewDefaultControllerConfig(),
		MetricsBuilderConfig: metadata.NewDefaultMetricsBuilderConfig(),
		HTTP:                 client,
		Retry:                retry,
		Inventory:            InventoryConfig{Refresh: 10 * time.Minute},
		Delay:                5 * time.Minute,
		MaxBackfill:          24 * time.Hour,
		RequestSource:        sourceEyeball,
		SeriesLimit:          10_000,
		// 80 % of what Cloudflare documents for a user, who shares it with the dashboard and Terraform.
		RateLimit: RateLimitConfig{
			GraphQL: RateConfig{Requests: 240, Per: 5 * time.Minute},
			REST:    RateConfig{Requests: 960, Per: 5 * time.Minute},
		},
	}
}

// Validate names each key that is wrong and what to write instead.
func (c *Config) Validate() error {
	return errors.Join(
		c.validateCredentials(),
		c.validateHTTP(),
		c.validateTimes(),
		c.validateLimits(),
		c.validateCatalogued(),
	)
}

func (c *Config) validateCredentials() error {
	token, key, email := c.APIToken != "", c.APIKey != "", c.APIEmail != ""
	extension := c.HTTP.Auth.HasValue()
	switch {
	case token && (key || email):
		return errors.New("api_token: set either api_token or api_key with api_email, not both")
	case extension && (token || key || email):
		return errors.New("http::auth: set either http::auth or api_token (or api_key with api_email), not both")
	case key && !email:
		return errors.New("api_email: api_key needs the e-mail address of its user")
	case email && !key:
		return errors.New("api_key: api_email needs the global API key of that user; an API token goes into api_token, alone")
	case !token && !key && !extension:
		return errors.New("api_token: no credentials; set api_token, for example to ${env:CLOUDFLARE_API_TOKEN}, " +
			"or api_key with api_email, or http::auth")
	}
	var errs []error
	for key, value := range map[string]string{"api_token": string(c.APIToken), "api_key": string(c.APIKey), "api_email": c.APIEmail} {
		if cloudflare.NotForHeaders(value) {
			errs = append(errs, fmt.Errorf("%s: contains a space, a line break or another character that cannot be part of it; "+
				"write a file without a line end, as with printf %%s \"$TOKEN\"", key))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) validateHTTP() error {
	u, err := url.Parse(c.HTTP.Endpoint)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return fmt.Errorf("http::endpoint: %q is not an http or https URL; Cloudflare's is https://api.cloudflare.com/client/v4", c.HTTP.Endpoint)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return errors.New("http::endpoint: must be a plain URL without user, query and fragment")
	case c.HTTP.Timeout <= 0:
		return errors.New("http::timeout: must be positive, so that a hung request ends")
	}
	return nil
}

func (c *Config) validateTimes() error {
	var errs []error
	if c.Inventory.Refresh <= 0 {
		errs = append(errs, errors.New("inventory::refresh: must be positive"))
	}
	if c.Delay < 0 {
		errs = append(errs, errors.New("delay: must not be negative; 5m suits Cloudflare"))
	}
	if c.Lookback < 0 {
		errs = append(errs, errors.New("lookback: must not be negative"))
	}
	if c.MaxBackfill < time.Hour {
		errs = append(errs, errors.New("max_backfill: must be at least 1h, so that a short outage loses nothing"))
	}
	if c.Lookback > c.MaxBackfill {
		errs = append(errs, fmt.Errorf("lookback: %v is further back than max_backfill (%v)", c.Lookback, c.MaxBackfill))
	}
	if c.Delay >= c.MaxBackfill {
		errs = append(errs, fmt.Errorf("delay: %v must be shorter than max_backfill (%v)", c.Delay, c.MaxBackfill))
	}
	return errors.Join(errs...)
}

func (c *Config) validateLimits() error {
	var errs []error
	if c.SeriesLimit <= 0 {
		errs = append(errs, errors.New("series_limit: must be positive; 10000 is the default"))
	}
	for _, r := range []struct {
		key  string
		rate RateConfig
	}{{"graphql", c.RateLimit.GraphQL}, {"rest", c.RateLimit.REST}} {
		if r.rate.Requests < minRequests {
			errs = append(errs, fmt.Errorf("rate_limit::%s::requests: must be at least %d", r.key, minRequests))
		}
		if r.rate.Per <= 0 {
			errs = append(errs, fmt.Errorf("rate_limit::%s::per: must be positive, for example 5m", r.key))
		}
	}
	return errors.Join(errs...)
}

// minRequests leaves room for the few requests that even one zone needs.
const minRequests = 10

// zonesPerDocument is how many zones Cloudflare takes in one query.
func (c *Config) zonesPerDocument() int {
	if c.RateLimit.AccountBased {
		return 1
	}
	return 10
}
