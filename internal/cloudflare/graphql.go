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
func post[T any](ctx context.Context, c *Client, query string, variables map[string]any, decode func(exchange, json.RawMessage) (T, error)) (T, error) {
	body, err := json.Marshal(struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}{query, variables})
	if err != nil {
		var zero T
		return zero, invalid(fmt.Errorf("encoding the query: %w", err))
	}
	return call(ctx, c, KindGraphQL, func(ctx context.Context) (T, error) {
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
	c.settings.Credentials.authorize(request.Header)
	response, err := c.http.Do(request) //nolint:bodyclose // receive closes it
	if err != nil {
		return exchange{}, c.transportError(ctx, KindGraphQL, err)
	}
	return c.receive(ctx, KindGraphQL, response)
}

// data returns the data of a response without errors. The API gives no partial data beside errors.
// https://developers.cloudflare.com/analytics/graphql-api/getting-started/querying-basics/
func (c *Client) data(x exchange) (json.RawMessage, error) {
	found, valid := problems(x.body)
	if len(found) > 0 || x.status != http.StatusOK {
		return nil, c.refused(x, found)
	}
	if !valid {
		return nil, x.error(ClassMalformed, "the body is not a GraphQL answer")
	}
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(x.body, &envelope); err != nil {
		return nil, x.error(ClassMalformed, "the body is not a GraphQL answer")
	}
	return envelope.Data, nil
}

// invalid describes a request that this client would not send.
func invalid(err error) *Error {
	return &Error{Class: ClassInvalidQuery, Kind: KindGraphQL, Message: tidy(err.Error())}
}
