// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// budget keeps the requests of one kind within a Rate. A sixth of it is burst and the rest is refill, so a full
// bucket plus what flows in never exceeds the rate in any span of its length; the bucket starts empty, because the
// process before this one may have used it up a moment ago.
type budget struct {
	kind    Kind
	period  time.Duration
	now     func() time.Time
	limiter *rate.Limiter
	whole   *budget // stops this one as well; nil but for the budget of a zone or account

	mu       sync.Mutex
	resume   time.Time // refused until then
	inFlight int
	left     int       // requests that the API still allows
	leftTill time.Time // left counts until then
}

func newBudget(kind Kind, allowed Rate, now func() time.Time) *budget {
	return newBudgetSince(now(), kind, allowed, now)
}

// newBudgetSince returns a budget that was empty at the time began and has not been used since.
func newBudgetSince(began time.Time, kind Kind, allowed Rate, now func() time.Time) *budget {
	burst := max(1, allowed.Requests/6) // what five minutes' rate refills in one, the usual interval
	// One request per period has no room for burst and refill apart; the bucket then refills once a period.
	refill := max(1, allowed.Requests-burst)
	limiter := rate.NewLimiter(rate.Limit(float64(refill)/allowed.Per.Seconds()), burst)
	limiter.AllowN(began, burst)
	return &budget{kind: kind, period: allowed.Per, now: now, limiter: limiter}
}

// acquire waits for a request to be allowed. It fails at once when requests are stopped or ctx ends before the wait.
// Each success is paired with one release.
func (b *budget) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return contextError(b.kind, err)
	}
	if err := b.refusal(); err != nil {
		return err
	}
	now := b.now()
	reservation := b.limiter.ReserveN(now, 1)
	delay := reservation.DelayFrom(now)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < delay {
		reservation.CancelAt(now)
		return &Error{Class: ClassDeferred, Kind: b.kind, Message: "the request budget does not allow another request before the deadline", RetryAfter: delay}
	}
	if err := sleep(ctx, delay); err != nil {
		reservation.CancelAt(b.now())
		return contextError(b.kind, err)
	}
	return b.start()
}

func (b *budget) start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refusalLocked(); err != nil {
		return err
	}
	b.inFlight++
	b.left--
	return nil
}

func (b *budget) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
}

func (b *budget) refusal() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusalLocked()
}

func (b *budget) refusalLocked() error {
	if b.whole != nil {
		if err := b.whole.refusal(); err != nil {
			return err
		}
	}
	now := b.now()
	if now.Before(b.resume) {
		return b.limited("requests are stopped after the API refused them", b.resume.Sub(now))
	}
	if now.Before(b.leftTill) && b.left <= 0 {
		return b.limited("the API's budget is used up", b.leftTill.Sub(now))
	}
	return nil
}

func (b *budget) limited(message string, wait time.Duration) error {
	class := ClassRateLimited
	if b.whole != nil {
		class = ClassScopeLimited
	}
	return &Error{Class: class, Kind: b.kind, Message: message, RetryAfter: wait}
}

// stop refuses requests for the duration, or longer when they are already stopped for longer.
func (b *budget) stop(wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := b.now().Add(wait); until.After(b.resume) {
		b.resume = until
	}
}

// learn takes in what a query cost and what the API has left, both in the API's units. Requests in flight may not be
// counted in it yet. The figure stands for one period, in which the API's own window has passed.
func (b *budget) learn(cost, left uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	more := min(left/max(cost, 1), math.MaxInt32)
	b.left = int(more) - (b.inFlight - 1)
	b.leftTill = b.now().Add(b.period)
}

// available returns how many requests could start now.
func (b *budget) available() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refusalLocked() != nil {
		return 0
	}
	now := b.now()
	tokens := int(max(0, b.limiter.TokensAt(now)))
	if now.Before(b.leftTill) {
		return min(tokens, b.left)
	}
	return tokens
}

// sleep waits without outliving ctx.
func sleep(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
