// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/packages/pagination"
)

// sdkGet lists one page by a service of the SDK.
type sdkGet[T any] func(ctx context.Context, number float64, options ...option.RequestOption) ([]T, error)

// sdkPages makes of it what list reads. The SDK decodes leniently: what is of another type than expected becomes a zero value or
// its own text. So the envelope is checked first.
func sdkPages[T any](get sdkGet[T]) getPage[T] {
	return func(ctx context.Context, c *Client, number int) (restPage[T], error) {
		var answer restAnswer
		items, err := get(ctx, float64(number), option.WithMiddleware(
			func(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
				response, err := next(request)
				if err != nil {
					return nil, c.transportError(ctx, KindREST, err)
				}
				if answer, err = c.receiveREST(ctx, response); err != nil {
					return nil, err
				}
				response.Body = io.NopCloser(bytes.NewReader(answer.body))
				return response, nil
			}))
		if err != nil {
			return restPage[T]{}, c.sdkError(ctx, answer.exchange, err)
		}
		return restPage[T]{answer, items}, nil
	}
}

// convertPage converts the items of a page, if there is one.
func convertPage[S, T any](page *pagination.V4PagePaginationArray[S], err error, each func(S) T) ([]T, error) {
	if err != nil || page == nil {
		return nil, err
	}
	return convert(page.Result, each), nil
}

// convertList converts the items of a list that does not page.
func convertList[S, T any](page *pagination.SinglePage[S], err error, each func(S) T) ([]T, error) {
	if err != nil || page == nil {
		return nil, err
	}
	return convert(page.Result, each), nil
}

func convert[S, T any](items []S, each func(S) T) []T {
	result := make([]T, len(items))
	for i, item := range items {
		result[i] = each(item)
	}
	return result
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
