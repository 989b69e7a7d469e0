// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

const (
	perPage  = 50   // the API's maximum for most lists
	maxPages = 4000 // a list that goes on is not a list
)

// getPage gets one page of a list.
type getPage[T any] func(ctx context.Context, c *Client, number int) (restPage[T], error)

// list reads page after page. The SDK's own pagers read all but the first without the caller's context. An item that a
// change between two pages shows twice is kept once; a list that is cut short or never ends is an error, so that nobody
// takes half of it for all. Errors name the endpoint.
func list[T any](ctx context.Context, c *Client, name, path string, get getPage[T], id func(T) string) ([]T, error) {
	var items []T
	seen := map[string]bool{}
	for number := 1; number <= maxPages; number++ {
		page, err := onePage(ctx, c, name, path, number, get, id)
		if err != nil {
			return nil, err
		}
		before := len(items)
		for _, item := range page.items {
			if !seen[id(item)] {
				seen[id(item)] = true
				items = append(items, item)
			}
		}
		if page.last(number) {
			return items, nil
		}
		if len(items) == before {
			return nil, restError(path, fmt.Sprintf("page %d of the list has nothing new, yet it is not the last", number))
		}
	}
	return nil, restError(path, fmt.Sprintf("the list goes on after %d pages", maxPages))
}

// whole reads a list that does not page.
func whole[T any](ctx context.Context, c *Client, name, path string, get getPage[T], id func(T) string) ([]T, error) {
	page, err := onePage(ctx, c, name, path, 1, get, id)
	return page.items, err
}

// onePage gets one page, and makes sure that its items are those that the answer has.
func onePage[T any](ctx context.Context, c *Client, name, path string, number int, get getPage[T], id func(T) string) (restPage[T], error) {
	page, err := call(ctx, c, subject{KindREST, name, ""}, func(ctx context.Context) (restPage[T], error) {
		page, err := get(ctx, c, number)
		if err != nil {
			return restPage[T]{}, err
		}
		var found []restItem
		if json.Unmarshal(page.result, &found) != nil || len(found) != len(page.items) {
			return restPage[T]{}, page.error(ClassMalformed, "the result is not a list of objects")
		}
		for i, item := range page.items {
			if id(item) == "" || id(item) != found[i].ID {
				return restPage[T]{}, page.error(ClassMalformed, "an item of the list has no id")
			}
		}
		return page, nil
	})
	return page, about(path, err)
}

// restItem is what all items of lists have in common.
type restItem struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// about says which endpoint an error is about.
func about(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("GET %s: %w", path, err)
}

func restError(path, message string) error {
	return about(path, &Error{Class: ClassMalformed, Kind: KindREST, Message: message})
}

type restPage[T any] struct {
	restAnswer
	items []T
}

func (p restPage[T]) last(number int) bool {
	if p.info.TotalPages > 0 {
		return float64(number) >= p.info.TotalPages
	}
	size := float64(perPage)
	if p.info.PerPage > 0 {
		size = p.info.PerPage
	}
	return float64(len(p.items)) < size
}

// restAnswer is a response in Cloudflare's envelope that says that all is well.
type restAnswer struct {
	exchange
	result json.RawMessage
	info   resultInfo
}

// resultInfo is where a page stands in its list; figures that are absent are 0.
type resultInfo struct {
	PerPage    float64 `json:"per_page"`
	TotalPages float64 `json:"total_pages"`
}

// receiveREST reads and closes a response, and opens its envelope.
func (c *Client) receiveREST(ctx context.Context, response *http.Response) (restAnswer, error) {
	x, err := c.receive(ctx, KindREST, response)
	if err != nil {
		return restAnswer{exchange: x}, err
	}
	var envelope struct {
		Success bool            `json:"success"`
		Errors  []problem       `json:"errors"`
		Result  json.RawMessage `json:"result"`
		Info    resultInfo      `json:"result_info"`
	}
	err = json.Unmarshal(x.body, &envelope)
	if len(envelope.Errors) > 0 || x.status != http.StatusOK {
		return restAnswer{exchange: x}, c.refusedREST(x, envelope.Errors)
	}
	if err != nil || !envelope.Success || len(envelope.Result) == 0 || string(envelope.Result) == "null" {
		return restAnswer{exchange: x}, x.error(ClassMalformed, "the body has no result in Cloudflare's envelope")
	}
	return restAnswer{x, envelope.Result, envelope.Info}, nil
}

// refusedREST tells a token that may not use an endpoint from one that is not valid: both are an authentication error to
// Cloudflare, with another status. GraphQL, whose answers say which of the two it is, comes to the other conclusion.
func (c *Client) refusedREST(x exchange, found []problem) *Error {
	err := c.refused(x, found)
	if x.status == http.StatusForbidden && err.Class == ClassAuth {
		err.Class = ClassPermission
	}
	return err
}
