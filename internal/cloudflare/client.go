// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package cloudflare is the client of Cloudflare's REST and GraphQL Analytics APIs: authentication, request budgets,
// retries, documents assembled from GraphQL operations, strictly decoded answers and typed errors. It knows HTTP and
// Cloudflare's words; which datasets to ask for, when, and what their rows mean is left to others.
package cloudflare

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/config/configretry"
)

// Kind is one of the two APIs, which have budgets of their own.
type Kind string

// The two APIs.
const (
	KindREST    Kind = "rest"
	KindGraphQL Kind = "graphql"
)

// Rate allows Requests in any span of length Per.
type Rate struct {
	Requests int
	Per      time.Duration
}

// Request describes one finished HTTP attempt.
type Request struct {
	Kind Kind
	// Dataset is what was asked for: a list of the REST API such as zones or pools, settings, scopes, or a dataset, and several for a
	// document of more than one.
	Dataset  string
	Class    Class // "" when it succeeded
	Duration time.Duration
}

// Settings are what a Client needs. Endpoint, HTTP and both rates are required.
type Settings struct {
	// Endpoint is the base of the REST API, such as https://api.cloudflare.com/client/v4; GraphQL is <Endpoint>/graphql.
	Endpoint string
	// Credentials are empty when HTTP authenticates by itself.
	Credentials Credentials
	// HTTP sends the requests; its Timeout bounds each attempt. Its redirect policy is not used: redirects are refused.
	HTTP *http.Client
	// UserAgent replaces the default User-Agent header unless empty.
	UserAgent string
	// Retry spaces the attempts of one call. A zero interval or multiplier takes the back-off library's default.
	Retry configretry.BackOffConfig
	// REST and GraphQL bound the requests of each kind, retries included.
	REST, GraphQL Rate
	// AccountBased asks for account-based rate limits of GraphQL: GraphQL is then the rate of each zone and each account by
	// itself, and a document has one zone.
	// https://developers.cloudflare.com/analytics/graphql-api/account-based-rate-limiting/
	AccountBased bool
	// Now is the clock of budgets and of Client.Clock; nil means time.Now.
	Now func() time.Time
	// Observe, unless nil, is called after each HTTP attempt. It may be called concurrently.
	Observe func(Request)
}

// Client talks to Cloudflare. It is safe for concurrent use and starts no goroutines that outlive a call.
type Client struct {
	settings Settings
	graphQL  string // URL
	http     *http.Client
	services services
	budgets  map[Kind]*budget
	scopes   *scopeBudgets // nil but under account-based limits
	clock    atomic.Pointer[reading]
}

// reading is the API's time at a moment of our clock.
type reading struct {
	api, local time.Time
}

// NewClient returns a client, or an error that says which setting is wrong. It sends nothing.
func NewClient(settings Settings) (*Client, error) {
	if err := settings.validate(); err != nil {
		return nil, fmt.Errorf("cloudflare client: %w", err)
	}
	if settings.Now == nil {
		settings.Now = time.Now
	}
	if settings.Observe == nil {
		settings.Observe = func(Request) {}
	}
	settings.Endpoint = strings.TrimRight(settings.Endpoint, "/")
	c := &Client{
		settings: settings,
		graphQL:  settings.Endpoint + "/graphql",
		http:     withoutRedirects(settings.HTTP),
		budgets: map[Kind]*budget{
			KindREST:    newBudget(KindREST, settings.REST, settings.Now),
			KindGraphQL: newBudget(KindGraphQL, settings.GraphQL, settings.Now),
		},
	}
	if settings.AccountBased {
		c.scopes = newScopeBudgets(c.budgets[KindGraphQL], settings)
	}
	c.services = newServices(c.restOptions())
	return c, nil
}

func (s Settings) validate() error {
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil || endpoint.Host == "" || (endpoint.Scheme != "https" && endpoint.Scheme != "http") {
		return errors.New("endpoint must be an http or https URL")
	}
	if s.HTTP == nil {
		return errors.New("an HTTP client is required")
	}
	if s.REST.Requests <= 0 || s.REST.Per <= 0 || s.GraphQL.Requests <= 0 || s.GraphQL.Per <= 0 {
		return errors.New("rates must be positive")
	}
	return s.Credentials.validate()
}

// withoutRedirects keeps credentials from following a redirect: net/http strips Authorization on the way to another
// host, but not X-Auth-Key.
func withoutRedirects(original *http.Client) *http.Client {
	client := *original
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// Budget returns how many GraphQL requests could start now without waiting; under account-based limits, how many about
// whichever zone or account has the fewest left. Those that the API has stopped by themselves do not count: nothing is
// sent about them, and one zone that others use up must not look like the end of all budgets.
func (c *Client) Budget() int {
	if c.scopes != nil {
		return c.scopes.available()
	}
	return c.budgets[KindGraphQL].available()
}

// budget is what a request draws on.
func (c *Client) budget(what subject) *budget {
	if what.kind == KindGraphQL && c.scopes != nil {
		return c.scopes.of(what.scope)
	}
	return c.budgets[what.kind]
}

// Clock returns the API's time: the last Date header, carried forward by our clock. It reports false before the first
// response. A Date header counts whole seconds, so the result is up to a second plus the response's travel time late.
func (c *Client) Clock() (time.Time, bool) {
	last := c.clock.Load()
	if last == nil {
		return time.Time{}, false
	}
	return last.api.Add(c.settings.Now().Sub(last.local)), true
}
