// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Bounds of response bodies, in bytes after decompression. Ten zones × 10,000 rows of some 300 bytes are the largest
// answers that one dataset gives; a page of fifty zones has some 200 kB.
const (
	maxGraphQLBody = 64 << 20
	maxRESTBody    = 8 << 20
)

// exchange is one response, read to its end.
type exchange struct {
	kind   Kind
	status int
	header http.Header
	date   time.Time // zero without a Date header
	ray    string    // Cloudflare's id of the request
	body   []byte
}

// receive reads and closes a response.
func (c *Client) receive(ctx context.Context, kind Kind, response *http.Response) (exchange, error) {
	defer func() { _ = response.Body.Close() }()
	x := exchange{
		kind: kind, status: response.StatusCode, header: response.Header, date: c.readClock(response.Header),
		ray: tidy(c.settings.Credentials.redact(response.Header.Get("Cf-Ray"))),
	}
	limit := int64(maxRESTBody)
	if kind == KindGraphQL {
		limit = maxGraphQLBody
	}
	var err error
	x.body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return x, c.bodyError(ctx, x, err)
	case int64(len(x.body)) > limit:
		return x, x.error(ClassBodyTooLarge, fmt.Sprintf("the answer is larger than %d bytes", limit))
	case x.status >= 300 && x.status < 400:
		return x, x.error(ClassMalformed, "the endpoint redirects, and redirects are not followed")
	}
	return x, nil
}

// readClock notes the API's time.
func (c *Client) readClock(header http.Header) time.Time {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	c.clock.Store(&reading{api: date, local: c.settings.Now()})
	return date
}

// error describes a problem with this response in our own words.
func (x exchange) error(class Class, message string) *Error {
	return &Error{Class: class, Kind: x.kind, Message: message, Status: x.status, RayID: x.ray}
}

// transportError describes a request without a response.
func (c *Client) transportError(ctx context.Context, kind Kind, err error) error {
	if ctx.Err() != nil {
		return contextError(kind, ctx.Err())
	}
	class := ClassTransient
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		class = ClassTimeout
	}
	return &Error{Class: class, Kind: kind, Message: tidy(c.settings.Credentials.redact(err.Error()))}
}

// bodyError describes a response that could not be read to its end: one that ends early or does not decompress is a
// wrong answer, all else is the network's fault.
func (c *Client) bodyError(ctx context.Context, x exchange, err error) error {
	var corrupt flate.CorruptInputError
	if ctx.Err() == nil && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrHeader) ||
		errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)) {
		return x.error(ClassMalformed, "the body is cut short or corrupt")
	}
	return c.transportError(ctx, x.kind, fmt.Errorf("reading the body: %w", err))
}

// contextError describes a call that its caller ended. A deadline is a time-out; it says nothing about why.
func contextError(kind Kind, err error) error {
	class := ClassCanceled
	if errors.Is(err, context.DeadlineExceeded) {
		class = ClassTimeout
	}
	return &Error{Class: class, Kind: kind, Message: err.Error(), cause: err}
}
