// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v7"
)

// subject is what a call asks for.
type subject struct {
	kind    Kind
	dataset string
	scope   string // the tag of a zone or account, the only one under account-based limits
}

// call makes attempts until one succeeds, fails in a way that time does not cure, or no time is left. Each attempt
// takes a request from the budget.
func call[T any](ctx context.Context, c *Client, what subject, attempt func(context.Context) (T, error)) (T, error) {
	start := time.Now()
	waits := c.backOff()
	allowed := c.budget(what)
	var last error
	for {
		var zero T
		if err := allowed.acquire(ctx); err != nil {
			return zero, firstOf(last, err)
		}
		result, err := once(ctx, c, what, allowed, attempt)
		if err == nil {
			return result, nil
		}
		last = err
		wait := waits.NextBackOff()
		if !ClassOf(err).Retryable() || !c.mayWait(ctx, start, wait) {
			return zero, err
		}
		if err := sleep(ctx, wait); err != nil {
			return zero, contextError(what.kind, err)
		}
	}
}

// once makes one attempt, draws the conclusions for the budget and reports it.
func once[T any](ctx context.Context, c *Client, what subject, allowed *budget, attempt func(context.Context) (T, error)) (T, error) {
	defer allowed.release()
	start := time.Now()
	result, err := attempt(ctx)
	switch typed, _ := errors.AsType[*Error](err); ClassOf(err) {
	case ClassScopeLimited:
		allowed.stop(typed.RetryAfter)
	case ClassRateLimited:
		c.budgets[what.kind].stop(typed.RetryAfter)
	}
	c.settings.Observe(Request{Kind: what.kind, Dataset: what.dataset, Class: ClassOf(err), Duration: time.Since(start)})
	return result, err
}

// firstOf prefers what went wrong at the API to a budget that allows no further attempt, and the caller's wish to both.
func firstOf(last, refusal error) error {
	if last == nil || ClassOf(refusal) == ClassCanceled {
		return refusal
	}
	return last
}

// mayWait reports whether another attempt may start after the wait.
func (c *Client) mayWait(ctx context.Context, start time.Time, wait time.Duration) bool {
	if !c.settings.Retry.Enabled {
		return false
	}
	limit := c.settings.Retry.MaxElapsedTime
	if limit > 0 && time.Since(start)+wait > limit {
		return false
	}
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

func (c *Client) backOff() *backoff.ExponentialBackOff {
	retry := c.settings.Retry
	waits := &backoff.ExponentialBackOff{
		InitialInterval:     cmp.Or(retry.InitialInterval, backoff.DefaultInitialInterval),
		RandomizationFactor: retry.RandomizationFactor,
		Multiplier:          cmp.Or(retry.Multiplier, backoff.DefaultMultiplier),
		MaxInterval:         cmp.Or(retry.MaxInterval, backoff.DefaultMaxInterval),
	}
	waits.Reset()
	return waits
}
