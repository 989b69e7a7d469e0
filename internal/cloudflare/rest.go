// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/packages/pagination"
	"github.com/cloudflare/cloudflare-go/v7/zones"
)

// Account is an account that the credentials see.
type Account struct {
	ID, Name string
	Type     string // standard or enterprise
}

// Zone is a zone that the credentials see.
type Zone struct {
	ID, Name               string
	Status                 string // initializing, pending, active or moved
	Type                   string // full, partial or secondary
	Paused                 bool
	AccountID, AccountName string
}

const (
	perPage  = 50   // the API's maximum for both lists
	maxPages = 4000 // a list that goes on is not a list
)

// Accounts lists every account. It needs the permission Account Settings Read.
func (c *Client) Accounts(ctx context.Context) ([]Account, error) {
	return list(ctx, c, "accounts", func(ctx context.Context, number float64, options ...option.RequestOption) ([]Account, error) {
		var params accounts.AccountListParams
		params.Page.Value, params.Page.Present = number, true
		params.PerPage.Value, params.PerPage.Present = perPage, true
		page, err := c.accounts.List(ctx, params, options...)
		return convert(page, err, func(a accounts.Account) Account {
			return Account{ID: a.ID, Name: a.Name, Type: string(a.Type)}
		})
	}, func(a Account) string { return a.ID })
}

// Zones lists every zone of every account. It needs the permission Zone Read.
func (c *Client) Zones(ctx context.Context) ([]Zone, error) {
	return list(ctx, c, "zones", func(ctx context.Context, number float64, options ...option.RequestOption) ([]Zone, error) {
		var params zones.ZoneListParams
		params.Page.Value, params.Page.Present = number, true
		params.PerPage.Value, params.PerPage.Present = perPage, true
		page, err := c.zones.List(ctx, params, options...)
		return convert(page, err, func(z zones.Zone) Zone {
			return Zone{
				ID: z.ID, Name: z.Name, Status: string(z.Status), Type: string(z.Type), Paused: z.Paused,
				AccountID: z.Account.ID, AccountName: z.Account.Name,
			}
		})
	}, func(z Zone) string { return z.ID })
}

func convert[S, T any](page *pagination.V4PagePaginationArray[S], err error, each func(S) T) ([]T, error) {
	if err != nil || page == nil {
		return nil, err
	}
	result := make([]T, len(page.Result))
	for i, item := range page.Result {
		result[i] = each(item)
	}
	return result, nil
}

type getPage[T any] func(ctx context.Context, number float64, options ...option.RequestOption) ([]T, error)

// list reads page after page. The SDK's own pagers read all but the first without the caller's context. An item that a
// change between two pages shows twice is kept once; a list that is cut short or never ends is an error, so that nobody
// takes half of it for all.
func list[T any](ctx context.Context, c *Client, name string, get getPage[T], id func(T) string) ([]T, error) {
	var items []T
	seen := map[string]bool{}
	for number := 1; number <= maxPages; number++ {
		page, err := call(ctx, c, subject{KindREST, name, ""}, func(ctx context.Context) (restPage[T], error) {
			return fetch(ctx, c, number, get, id)
		})
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
			return nil, restError(fmt.Sprintf("page %d of the list has nothing new, yet it is not the last", number))
		}
	}
	return nil, restError(fmt.Sprintf("the list goes on after %d pages", maxPages))
}

func restError(message string) *Error {
	return &Error{Class: ClassMalformed, Kind: KindREST, Message: message}
}

type restPage[T any] struct {
	items []T
	info  resultInfo
}

// resultInfo is where a page stands in its list; figures that are absent are 0.
type resultInfo struct {
	PerPage    float64 `json:"per_page"`
	TotalPages float64 `json:"total_pages"`
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

// fetch gets one page. The SDK decodes leniently: what is of another type than expected becomes a zero value or its
// own text. So the envelope is checked first, and afterwards that the ids are those that it has.
func fetch[T any](ctx context.Context, c *Client, number int, get getPage[T], id func(T) string) (restPage[T], error) {
	var envelope restEnvelope
	var x exchange
	items, err := get(ctx, float64(number), option.WithMiddleware(
		func(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			response, err := next(request)
			if err != nil {
				return nil, c.transportError(ctx, KindREST, err)
			}
			if x, err = c.receive(ctx, KindREST, response); err != nil {
				return nil, err
			}
			if envelope, err = c.envelope(x); err != nil {
				return nil, err
			}
			response.Body = io.NopCloser(bytes.NewReader(x.body))
			return response, nil
		}))
	if err != nil {
		return restPage[T]{}, c.sdkError(ctx, x, err)
	}
	if len(items) != len(*envelope.Result) {
		return restPage[T]{}, x.error(ClassMalformed, "the result is not a list of objects")
	}
	for i, item := range items {
		if id(item) == "" || id(item) != (*envelope.Result)[i].ID {
			return restPage[T]{}, x.error(ClassMalformed, "an item of the list has no id")
		}
	}
	return restPage[T]{items: items, info: envelope.Info}, nil
}

// restEnvelope is what all REST answers have in common.
type restEnvelope struct {
	Success bool        `json:"success"`
	Errors  []problem   `json:"errors"`
	Result  *[]restItem `json:"result"`
	Info    resultInfo  `json:"result_info"`
}

// restItem is what all items of lists have in common.
type restItem struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (c *Client) envelope(x exchange) (restEnvelope, error) {
	var envelope restEnvelope
	err := json.Unmarshal(x.body, &envelope)
	if len(envelope.Errors) > 0 || x.status != http.StatusOK {
		return restEnvelope{}, c.refused(x, envelope.Errors)
	}
	if err != nil || !envelope.Success || envelope.Result == nil {
		return restEnvelope{}, x.error(ClassMalformed, "the body is not a list in Cloudflare's envelope")
	}
	return envelope, nil
}

// sdkError leaves our own errors as they are. Others are the SDK's, which may quote a body.
func (c *Client) sdkError(ctx context.Context, x exchange, err error) error {
	if typed, ok := errors.AsType[*Error](err); ok {
		return typed
	}
	if ctx.Err() != nil {
		return contextError(KindREST, ctx.Err())
	}
	return x.error(ClassMalformed, tidy(c.settings.Credentials.redact(err.Error())))
}

// restOptions are the SDK's settings. Its service packages have no defaults and read no environment variables.
func (c *Client) restOptions() []option.RequestOption {
	options := []option.RequestOption{
		option.WithBaseURL(c.settings.Endpoint),
		option.WithHTTPClient(c.http),
		option.WithMaxRetries(0),
	}
	if c.settings.UserAgent != "" {
		options = append(options, option.WithHeader("User-Agent", c.settings.UserAgent))
	}
	if credentials := c.settings.Credentials; credentials.Token != "" {
		options = append(options, option.WithAPIToken(credentials.Token))
	} else if credentials.Key != "" {
		options = append(options, option.WithAPIKey(credentials.Key), option.WithAPIEmail(credentials.Email))
	}
	return options
}
