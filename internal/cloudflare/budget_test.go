// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBudgetNeverExceedsItsRate(t *testing.T) {
	t.Parallel()
	for _, allowed := range []Rate{{1, time.Minute}, {2, time.Minute}, {7, 10 * time.Second}, {240, 5 * time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBudget(KindREST, allowed, time.Now)
			assert.Zero(t, b.available(), "the bucket starts empty")
			var starts []time.Time
			for i := range 3 * allowed.Requests {
				if i%(allowed.Requests+1) == allowed.Requests {
					time.Sleep(2 * allowed.Per) // lets the bucket fill
				}
				require.NoError(t, b.acquire(t.Context()))
				b.release()
				starts = append(starts, time.Now())
			}
			for i := allowed.Requests; i < len(starts); i++ {
				span := starts[i].Sub(starts[i-allowed.Requests])
				assert.GreaterOrEqual(t, span, allowed.Per-time.Microsecond, "%v: requests %d to %d", allowed, i-allowed.Requests, i)
			}
		})
	}
}

func TestBudgetUsesMostOfItsRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(KindREST, Rate{240, 5 * time.Minute}, time.Now)
		start := time.Now()
		for range 180 {
			require.NoError(t, b.acquire(t.Context()))
			b.release()
		}
		assert.LessOrEqual(t, time.Since(start), 5*time.Minute+time.Second)
	})
}

func TestBudgetRefusesAtOnceWhatTheDeadlineDoesNotAllow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(KindGraphQL, Rate{2, time.Minute}, time.Now)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		err := b.acquire(ctx)
		assert.Equal(t, ClassDeferred, ClassOf(err))
		assert.Zero(t, time.Since(start))
		var typed *Error
		require.ErrorAs(t, err, &typed)
		assert.Equal(t, time.Minute, typed.RetryAfter.Round(time.Second))

		// The refused request has given its place back.
		require.NoError(t, b.acquire(t.Context()))
		assert.Equal(t, time.Minute, time.Since(start).Round(time.Second))
	})
}

func TestBudgetWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(KindGraphQL, Rate{2, time.Minute}, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		err := b.acquire(ctx)
		assert.Equal(t, ClassCanceled, ClassOf(err))
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, time.Second, time.Since(start))
		assert.Equal(t, ClassCanceled, ClassOf(b.acquire(ctx)))
	})
}

func TestBudgetStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(KindGraphQL, Rate{150, time.Minute}, time.Now)
		time.Sleep(time.Minute)
		assert.Equal(t, 25, b.available())
		b.stop(time.Minute)
		b.stop(time.Second) // does not shorten it
		time.Sleep(59 * time.Second)
		assert.Zero(t, b.available())
		err := b.acquire(t.Context())
		assert.Equal(t, ClassRateLimited, ClassOf(err))
		var typed *Error
		require.ErrorAs(t, err, &typed)
		assert.Equal(t, time.Second, typed.RetryAfter)
		time.Sleep(time.Second)
		require.NoError(t, b.acquire(t.Context()))
	})
}

func TestBudgetStoppedWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(KindGraphQL, Rate{2, time.Minute}, time.Now)
		time.AfterFunc(time.Second, func() { b.stop(time.Hour) })
		assert.Equal(t, ClassRateLimited, ClassOf(b.acquire(t.Context())))
	})
}

func TestBudgetLearnsFromTheAPI(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		cost, left uint64
		want       int
	}{
		"plenty":                       {1, 1000, 25},
		"huge":                         {0, 1 << 63, 25},
		"free queries count as one":    {0, 3, 3},
		"less than our bucket":         {1, 3, 3},
		"cost units":                   {10, 39, 3},
		"the rest is not enough":       {10, 9, 0},
		"nothing":                      {1, 0, 0},
		"a single query can cost more": {1 << 40, 1 << 41, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBudget(KindGraphQL, Rate{150, time.Minute}, time.Now)
				time.Sleep(2 * time.Minute)
				require.NoError(t, b.acquire(t.Context()))
				b.learn(tt.cost, tt.left)
				b.release()
				time.Sleep(10 * time.Second) // our bucket is full again
				assert.Equal(t, tt.want, b.available())
				for range tt.want {
					require.NoError(t, b.acquire(t.Context()))
				}
				if tt.want < 25 {
					assert.Equal(t, ClassRateLimited, ClassOf(b.acquire(t.Context())))
				}
				time.Sleep(time.Minute)
				assert.Positive(t, b.available(), "what the API said stands for one period")
			})
		})
	}
}

func TestBudgetCountsRequestsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(KindGraphQL, Rate{150, time.Minute}, time.Now)
		time.Sleep(time.Minute)
		for range 3 {
			require.NoError(t, b.acquire(t.Context()))
		}
		b.learn(1, 5) // one of the three has been answered, the API may not have seen the others
		b.release()
		assert.Equal(t, 3, b.available())
	})
}
