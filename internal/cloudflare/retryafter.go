// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	defaultStop = 5 * time.Minute // Cloudflare's window, and how long it blocks after an excess
	longestStop = time.Hour       // no header stops us for longer
)

// retryAfter returns how long requests must rest after a rate limit: what the header says, what the text says, or
// Cloudflare's window.
func (c *Client) retryAfter(x exchange, e *Error) time.Duration {
	if e.Class != ClassRateLimited && e.Class != ClassScopeLimited {
		return 0
	}
	if wait := c.headerWait(x); wait > 0 {
		return min(wait, longestStop)
	}
	if found := minutes.FindStringSubmatch(e.Message); found != nil {
		if n, err := strconv.Atoi(found[1]); err == nil && n > 0 {
			return min(time.Duration(n)*time.Minute, longestStop)
		}
	}
	if strings.Contains(e.Message, "next minute") {
		return time.Minute
	}
	return defaultStop
}

// headerWait reads Retry-After, as seconds or as a date, which is compared with the same response's own.
func (c *Client) headerWait(x exchange) time.Duration {
	value := strings.TrimSpace(x.header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(max(seconds, 1)) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now := x.date
	if now.IsZero() {
		now = c.settings.Now()
	}
	return max(at.Sub(now), time.Second)
}

var minutes = regexp.MustCompile(`after (\d{1,3}) minutes?`)
