// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"sync"
	"time"
)

// ratePeriod is the window of Cloudflare's request limits, and how long exceeding REST's locks a client out.
const ratePeriod = 5 * time.Minute

// unlimited is what is left when there is no limit.
const unlimited = 1 << 20

// rateLimiter counts requests in a sliding window.
type rateLimiter struct {
	limit   int // negative: none
	lockout bool

	mu          sync.Mutex
	times       []time.Time // of the requests in the window, oldest first
	lockedUntil time.Time
}

// take counts a request. It returns how many are left, when the next one leaves the window (zero if none is in it), and whether
// this one may go on. A refused request does not count.
func (l *rateLimiter) take(now time.Time) (left int, reset time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit < 0 {
		return unlimited, 0, true
	}
	l.forget(now)
	if now.Before(l.lockedUntil) {
		return 0, l.lockedUntil.Sub(now), false
	}
	if len(l.times) >= l.limit {
		return 0, l.refuse(now), false
	}
	l.times = append(l.times, now)
	return l.limit - len(l.times), l.times[0].Add(ratePeriod).Sub(now), true
}

// left returns how many requests the window still has room for.
func (l *rateLimiter) left(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit < 0 {
		return unlimited
	}
	l.forget(now)
	return max(l.limit-len(l.times), 0)
}

// refuse returns when to come back.
func (l *rateLimiter) refuse(now time.Time) time.Duration {
	if l.lockout {
		l.lockedUntil = now.Add(ratePeriod)
		return ratePeriod
	}
	if len(l.times) == 0 {
		return ratePeriod
	}
	return l.times[0].Add(ratePeriod).Sub(now)
}

// forget drops the requests that have left the window.
func (l *rateLimiter) forget(now time.Time) {
	start := now.Add(-ratePeriod)
	gone := 0
	for gone < len(l.times) && !l.times[gone].After(start) {
		gone++
	}
	l.times = l.times[gone:]
}
