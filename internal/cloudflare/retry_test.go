// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configretry"
)

const okAccounts = `{"success":true,"errors":[],"messages":[],"result":[{"id":"` + account + `","name":"Acme","type":"standard"}],"result_info":{"page":1,"per_page":50,"total_pages":1}}`

// inMemory returns a client whose requests are answered by step, which gets the attempt's number.
func inMemory(t *testing.T, step func(attempt int, r *http.Request) (*http.Response, error), change ...func(*Settings)) (*Client, *int) {
	t.Helper()
	attempts := 0
	settings := fast("https://api.test/client/v4", &http.Client{Transport: memory(func(r *http.Request) (*http.Response, error) {
		attempts++
		return step(attempts, r)
	})})
	settings.Retry = configretry.NewDefaultBackOffConfig()
	for _, f := range change {
		f(&settings)
	}
	client, err := NewClient(settings)
	require.NoError(t, err)
	return client, &attempts
}

func TestRetriesWhatTimeMayCure(t *testing.T) {
	t.Parallel()
	reset := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	half := reply(200, "")
	half.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"success":tr`), errorReader{io.ErrUnexpectedEOF}))
	resetBody := reply(200, "")
	resetBody.Body = io.NopCloser(errorReader{reset})
	tests := map[string]struct {
		response *http.Response
		err      error
		retried  bool
		want     Class
	}{
		"reset":            {nil, reset, true, ClassTransient},
		"reset while body": {resetBody, nil, true, ClassTransient},
		"half a body":      {half, nil, true, ClassMalformed},
		"half a document":  {reply(200, `{"success":true,"result":[`), nil, true, ClassMalformed},
		"500":              {reply(500, ``), nil, true, ClassTransient},
		"503 with HTML":    {reply(503, `<html>`), nil, true, ClassTransient},
		"504":              {reply(504, ``), nil, true, ClassTimeout},
		"524":              {reply(524, ``), nil, true, ClassTimeout},
		"time-out":         {nil, timeoutError{}, true, ClassTimeout},
		"401":              {reply(401, ``), nil, false, ClassAuth},
		"403":              {reply(403, ``), nil, false, ClassPermission},
		"404":              {reply(404, ``), nil, false, ClassInvalidQuery},
		"429":              {reply(429, ``), nil, false, ClassRateLimited},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var first Class
				client, attempts := inMemory(t, func(attempt int, _ *http.Request) (*http.Response, error) {
					if attempt == 1 {
						return tt.response, tt.err
					}
					return reply(200, okAccounts), nil
				}, func(s *Settings) {
					s.Observe = func(r Request) {
						if first == "" {
							first = r.Class
						}
					}
				})
				accounts, err := client.Accounts(t.Context())
				assert.Equal(t, tt.want, first)
				if !tt.retried {
					assert.Equal(t, tt.want, ClassOf(err))
					assert.Equal(t, 1, *attempts)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, 2, *attempts)
				assert.Equal(t, []Account{{ID: account, Name: "Acme", Type: "standard"}}, accounts)
			})
		})
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

func failing(int, *http.Request) (*http.Response, error) { return nil, errors.New("no route to host") }

func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change   func(*Settings)
		deadline time.Duration
		least    int
		most     int
		within   time.Duration
	}{
		"disabled":         {func(s *Settings) { s.Retry.Enabled = false }, time.Hour, 1, 1, 0},
		"max elapsed time": {func(s *Settings) { s.Retry.MaxElapsedTime = 20 * time.Second }, time.Hour, 2, 8, 20 * time.Second},
		"deadline":         {func(s *Settings) { s.Retry.MaxElapsedTime = 0 }, 30 * time.Second, 2, 11, 30 * time.Second},
		"zero intervals": {func(s *Settings) {
			s.Retry = configretry.BackOffConfig{Enabled: true, MaxElapsedTime: 10 * time.Second}
		}, time.Hour, 3, 25, 10 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, attempts := inMemory(t, failing, tt.change)
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				start := time.Now()
				_, err := client.Accounts(ctx)
				assert.Equal(t, ClassTransient, ClassOf(err), "the last failure is reported, not the end of patience: %v", err)
				assert.GreaterOrEqual(t, *attempts, tt.least)
				assert.LessOrEqual(t, *attempts, tt.most)
				assert.LessOrEqual(t, time.Since(start), tt.within+time.Second)
			})
		})
	}
}

func TestRetriesTakeBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, attempts := inMemory(t, failing, func(s *Settings) {
			s.REST = Rate{Requests: 4, Per: time.Minute}
			s.Retry.MaxElapsedTime = 0
			s.Retry.InitialInterval, s.Retry.MaxInterval = time.Millisecond, time.Millisecond
		})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		_, err := client.Accounts(ctx)
		assert.Equal(t, ClassTransient, ClassOf(err))
		assert.Equal(t, 2, *attempts, "at 20 s and 40 s; the third would come at 60 s")
	})
}

func TestCancelDuringBackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, attempts := inMemory(t, failing)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := client.Accounts(ctx)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, ClassCanceled, ClassOf(err))
		assert.Equal(t, 1, *attempts)
		assert.Less(t, time.Since(start), 2*time.Second)
	})
}

func TestCancelDuringRequest(t *testing.T) {
	t.Parallel()
	hung := func(_ int, r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for name, ask := range map[string]func(context.Context, *Client) error{
		"REST": func(ctx context.Context, c *Client) error { _, err := c.Zones(ctx); return err },
		"GraphQL": func(ctx context.Context, c *Client) error {
			_, err := c.Limits(ctx, ZoneScope, []string{zoneA}, []string{"x"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, attempts := inMemory(t, hung)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				err := ask(ctx, client)
				require.ErrorIs(t, err, context.Canceled)
				assert.Equal(t, ClassCanceled, ClassOf(err))
				assert.Equal(t, 1, *attempts)
			})
			synctest.Test(t, func(t *testing.T) {
				client, _ := inMemory(t, hung)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				err := ask(ctx, client)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, ClassTimeout, ClassOf(err))
			})
		})
	}
}

func TestClientTimeoutIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, attempts := inMemory(t, func(attempt int, r *http.Request) (*http.Response, error) {
			if attempt == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return reply(200, okAccounts), nil
		}, func(s *Settings) { s.HTTP.Timeout = 3 * time.Second })
		_, err := client.Accounts(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2, *attempts)
	})
}

func TestRateLimitStopsOneKind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		header func(time.Time) string
		body   string
		want   time.Duration
	}{
		"seconds":          {func(time.Time) string { return "42" }, ``, 42 * time.Second},
		"zero":             {func(time.Time) string { return "0" }, ``, time.Second},
		"date":             {func(now time.Time) string { return now.Add(time.Minute).UTC().Format(http.TimeFormat) }, ``, time.Minute},
		"date in the past": {func(now time.Time) string { return now.Add(-time.Minute).UTC().Format(http.TimeFormat) }, ``, time.Second},
		"a year":           {func(time.Time) string { return "31536000" }, ``, time.Hour},
		"overflow":         {func(time.Time) string { return "99999999999999999999" }, ``, 5 * time.Minute},
		"nonsense":         {func(time.Time) string { return "soon" }, ``, 5 * time.Minute},
		"absent":           {func(time.Time) string { return "" }, ``, 5 * time.Minute},
		"in the message":   {func(time.Time) string { return "" }, graphQLError("rate limiter budget depleted, try again after 2 minutes", "budget"), 2 * time.Minute},
		"next minute":      {func(time.Time) string { return "" }, graphQLError("quota exceeded, please repeat your request in the next minute", ""), time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, attempts := inMemory(t, func(attempt int, _ *http.Request) (*http.Response, error) {
					if attempt > 1 {
						return reply(200, okAccounts), nil
					}
					response := reply(429, tt.body)
					response.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
					if value := tt.header(time.Now()); value != "" {
						response.Header.Set("Retry-After", value)
					}
					return response, nil
				})
				time.Sleep(time.Second) // fills the buckets
				_, err := client.Accounts(t.Context())
				var typed *Error
				require.ErrorAs(t, err, &typed)
				assert.Equal(t, ClassRateLimited, typed.Class)
				assert.Equal(t, tt.want, typed.RetryAfter)
				assert.Positive(t, client.Budget(), "GraphQL goes on")

				time.Sleep(tt.want - time.Millisecond)
				_, err = client.Accounts(t.Context())
				assert.Equal(t, ClassRateLimited, ClassOf(err))
				assert.Equal(t, 1, *attempts, "nothing is sent while stopped")
				time.Sleep(time.Millisecond)
				_, err = client.Accounts(t.Context())
				require.NoError(t, err)
			})
		})
	}
}

func TestBudgetErrorInside200StopsGraphQL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := inMemory(t, func(_ int, r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/graphql") {
				return reply(200, graphQLError("something new", "budget")), nil
			}
			return reply(200, okAccounts), nil
		})
		_, err := client.Limits(t.Context(), ZoneScope, []string{zoneA}, []string{"x"})
		var typed *Error
		require.ErrorAs(t, err, &typed)
		assert.Equal(t, 5*time.Minute, typed.RetryAfter)
		assert.Zero(t, client.Budget())
		_, err = client.Accounts(t.Context())
		require.NoError(t, err, "REST goes on")
		time.Sleep(5 * time.Minute)
		assert.Positive(t, client.Budget())
	})
}
