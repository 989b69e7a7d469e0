// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// post sends one document and hands the data of its answer to decode, once or, when that fails, several times.
func post[T any](ctx context.Context, c *Client, what subject, query string, variables map[string]any, decode func(exchange, *data) (T, error)) (T, error) {
	body, err := json.Marshal(struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}{query, variables})
	if err != nil {
		var zero T
		return zero, invalid(fmt.Errorf("encoding the query: %w", err))
	}
	return call(ctx, c, what, func(ctx context.Context) (T, error) {
		var zero T
		x, err := c.send(ctx, body)
		if err != nil {
			return zero, err
		}
		data, err := c.data(x)
		if err != nil {
			return zero, err
		}
		return decode(x, data)
	})
}

// send makes one HTTP request.
func (c *Client) send(ctx context.Context, body []byte) (exchange, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.graphQL, bytes.NewReader(body))
	if err != nil {
		return exchange{}, invalid(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if c.settings.UserAgent != "" {
		request.Header.Set("User-Agent", c.settings.UserAgent)
	}
	if c.settings.AccountBased {
		request.Header.Set("X-Rate-Limit-Type", "account-based")
	}
	c.settings.Credentials.authorize(request.Header)
	response, err := c.http.Do(request) //nolint:bodyclose // receive closes it
	if err != nil {
		return exchange{}, c.transportError(ctx, KindGraphQL, err)
	}
	return c.receive(ctx, KindGraphQL, response)
}

// data is what an answer without errors has, down to the scopes.
type data struct {
	Cost   *uint64 `json:"cost"`
	Viewer *struct {
		Budget *uint64 `json:"budget"`
		// By scope: its tag, and by alias what was asked about it.
		Zones    []members `json:"zones"`
		Accounts []members `json:"accounts"`
	} `json:"viewer"`
}

// data returns the data of a response without errors. The API gives no partial data beside errors.
// https://developers.cloudflare.com/analytics/graphql-api/getting-started/querying-basics/
func (c *Client) data(x exchange) (*data, error) {
	var body struct {
		Data   *data     `json:"data"`
		Errors []problem `json:"errors"`
	}
	err := json.Unmarshal(x.body, &body)
	switch {
	case len(body.Errors) > 0 || x.status != http.StatusOK:
		return nil, c.refused(x, body.Errors)
	case err != nil:
		return nil, x.error(ClassMalformed, "the body is not an answer to the query: "+tidy(c.settings.Credentials.redact(err.Error())))
	case body.Data == nil || body.Data.Viewer == nil:
		return nil, x.error(ClassMalformed, "the answer has no viewer")
	}
	return body.Data, nil
}

// invalid describes a request that this client would not send.
func invalid(err error) *Error {
	return &Error{Class: ClassInvalidQuery, Kind: KindGraphQL, Message: tidy(err.Error())}
}
