// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
)

// get sends a request to an endpoint for which the SDK has no service of a reasonable size, or none that fits its answers.
func (c *Client) get(ctx context.Context, path string, query url.Values) (restAnswer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.settings.Endpoint+"/"+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return restAnswer{}, &Error{Class: ClassInvalidQuery, Kind: KindREST, Message: tidy(err.Error())}
	}
	request.Header.Set("Accept", "application/json")
	if c.settings.UserAgent != "" {
		request.Header.Set("User-Agent", c.settings.UserAgent)
	}
	c.settings.Credentials.authorize(request.Header)
	response, err := c.http.Do(request) //nolint:bodyclose // receiveREST closes it
	if err != nil {
		return restAnswer{}, c.transportError(ctx, KindREST, err)
	}
	return c.receiveREST(ctx, response)
}

// plainPages makes of an endpoint what list reads.
func plainPages[T any](path string, query url.Values) getPage[T] {
	return func(ctx context.Context, c *Client, number int) (restPage[T], error) {
		query.Set("page", strconv.Itoa(number))
		query.Set("per_page", strconv.Itoa(perPage))
		answer, err := c.get(ctx, path, query)
		if err != nil {
			return restPage[T]{}, err
		}
		items, err := decodeResult[[]T](answer)
		return restPage[T]{answer, items}, err
	}
}

// object gets a result that is no page of a list; nil when absent says of a 404 that this is the answer.
func object[T any](ctx context.Context, c *Client, name, path string, absent func(*Error) bool) (*T, error) {
	result, err := call(ctx, c, subject{KindREST, name, ""}, func(ctx context.Context) (*T, error) {
		answer, err := c.get(ctx, path, nil)
		if typed, ok := errors.AsType[*Error](err); ok && typed.Status == http.StatusNotFound && absent(typed) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		result, err := decodeResult[T](answer)
		return &result, err
	})
	return result, about(path, err)
}

// never says that a 404 is an error.
func never(*Error) bool { return false }

func decodeResult[T any](answer restAnswer) (T, error) {
	var result T
	if err := json.Unmarshal(answer.result, &result); err != nil {
		return result, answer.error(ClassMalformed, "the result is not what the endpoint should have: "+tidy(err.Error()))
	}
	return result, nil
}
