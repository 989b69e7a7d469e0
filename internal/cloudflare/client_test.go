// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNewClientNamesTheWrongSetting(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*Settings)
		want   string
	}{
		"no endpoint":      {func(s *Settings) { s.Endpoint = "" }, "endpoint"},
		"no scheme":        {func(s *Settings) { s.Endpoint = "api.cloudflare.com/client/v4" }, "endpoint"},
		"another scheme":   {func(s *Settings) { s.Endpoint = "ftp://api.cloudflare.com" }, "endpoint"},
		"no host":          {func(s *Settings) { s.Endpoint = "https://" }, "endpoint"},
		"no client":        {func(s *Settings) { s.HTTP = nil }, "HTTP client"},
		"no rate":          {func(s *Settings) { s.REST = Rate{} }, "rates"},
		"no period":        {func(s *Settings) { s.GraphQL.Per = 0 }, "rates"},
		"token and key":    {func(s *Settings) { s.Credentials = Credentials{Token: "a", Key: "b", Email: "c"} }, "not both"},
		"key alone":        {func(s *Settings) { s.Credentials = Credentials{Key: "b"} }, "belong together"},
		"email alone":      {func(s *Settings) { s.Credentials = Credentials{Email: "b"} }, "belong together"},
		"token with break": {func(s *Settings) { s.Credentials = Credentials{Token: "hush\n"} }, "line break"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := fast("https://api.test", &http.Client{})
			tt.change(&settings)
			_, err := NewClient(settings)
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "hush")
		})
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		credentials Credentials
		want        http.Header
	}{
		"token": {Credentials{Token: token}, http.Header{"Authorization": {"Bearer " + token}}},
		"key":   {Credentials{Key: "key", Email: "me@example.com"}, http.Header{"X-Auth-Key": {"key"}, "X-Auth-Email": {"me@example.com"}}},
		"none":  {Credentials{}, http.Header{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests []string
			client, seen := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests = append(requests, r.Method+" "+r.URL.String())
				for _, name := range []string{"Authorization", "X-Auth-Key", "X-Auth-Email"} {
					assert.Equal(t, tt.want[name], r.Header[name])
				}
				assert.Equal(t, "test/1", r.UserAgent())
				if r.Method == http.MethodPost {
					assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
					text(200, `{"data":{"cost":1,"viewer":{"budget":5,"zones":[]}},"errors":null}`)(w, r)
					return
				}
				text(200, okAccounts)(w, r)
			}, func(s *Settings) { s.Credentials = tt.credentials; s.Endpoint += "/" })
			_, err := client.Accounts(t.Context())
			require.NoError(t, err)
			_, err = client.Zones(t.Context())
			require.NoError(t, err)
			_, err = client.Limits(t.Context(), ZoneScope, []string{zoneA}, []string{"httpRequests1mGroups"})
			require.NoError(t, err)
			assert.Equal(t, []string{
				"GET /client/v4/accounts?page=1&per_page=50", "GET /client/v4/zones?page=1&per_page=50", "POST /client/v4/graphql",
			}, requests)
			require.Len(t, seen.requests, 3)
			assert.Equal(t, []Kind{KindREST, KindREST, KindGraphQL}, []Kind{seen.requests[0].Kind, seen.requests[1].Kind, seen.requests[2].Kind})
			assert.Equal(t, []Class{"", "", ""}, seen.classes())
			assert.Positive(t, seen.requests[2].Duration)
			assert.Equal(t, 5, client.Budget(), "the API's budget bounds ours")
		})
	}
}

// A server that repeats what it was sent, in every place that an error is made of.
func TestErrorsNeverHoldCredentials(t *testing.T) {
	t.Parallel()
	echo := func(status int, format string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			secret := r.Header.Get("Authorization") + r.Header.Get("X-Auth-Key") + " " + r.Header.Get("X-Auth-Email")
			text(status, fmt.Sprintf(format, strings.TrimSpace(secret)), "Cf-Ray", secret)(w, r)
		}
	}
	bodies := []string{
		`{"errors":[{"message":"bad header %[1]q"}]}`, `{"errors":[{"message":%[1]q,"code":%[1]q,"path":[%[1]q],"error_chain":[{"message":%[1]q}]}]}`,
		`{"errors":[{"message":"does not have access to the field '%[1]s'","extensions":{"code":%[1]q}}]}`,
		`{"success":true,"result":%[1]q}`, `{"success":true,"result":[%[1]q]}`, `%[1]s`,
	}
	long := `{"errors":[{"message":"` + strings.Repeat("x", maxMessage-12) + ` %[1]s"}]}`
	for name, credentials := range map[string]Credentials{
		"token": {Token: token}, "key": {Key: "c0ffee-key", Email: "me@example.com"},
	} {
		for _, status := range []int{200, 400, 401, 429, 500} {
			for _, body := range append(bodies, long) {
				t.Run(fmt.Sprint(name, status), func(t *testing.T) {
					t.Parallel()
					client, _ := serve(t, echo(status, body), oneAttempt, func(s *Settings) { s.Credentials = credentials })
					_, rest := client.Zones(t.Context())
					_, graphql := client.Limits(t.Context(), AccountScope, []string{account}, []string{"x"})
					for _, err := range []error{rest, graphql} {
						require.Error(t, err)
						for _, secret := range []string{token, token[:10], credentials.Key, credentials.Email} {
							if secret != "" {
								assert.NotContains(t, fmt.Sprintf("%s %v %+v %#v", err, err, err, err), secret)
							}
						}
					}
				})
			}
		}
	}
}

func TestEchoOfAnExtensionsTokenIsRedacted(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, text(400, `{"errors":[{"message":"cannot parse Authorization: Bearer abc.def-ghi"}]}`), oneAttempt, func(s *Settings) { s.Credentials = Credentials{} })
	_, err := client.Zones(t.Context())
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "abc.def")
}

func TestCredentialsDoNotPrint(t *testing.T) {
	t.Parallel()
	credentials := Credentials{Token: token}
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s %+v", credentials, credentials, credentials, credentials, Settings{Credentials: credentials}), token)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed a redirect") }))
	t.Cleanup(thief.Close)
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief.URL, http.StatusPermanentRedirect)
	}, oneAttempt)
	_, err := client.Zones(t.Context())
	assert.Equal(t, ClassMalformed, ClassOf(err))
	_, err = client.Limits(t.Context(), ZoneScope, []string{zoneA}, []string{"x"})
	assert.Equal(t, ClassMalformed, ClassOf(err))
}

func TestUnreachableEndpoint(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	settings := fast(server.URL, &http.Client{})
	settings.Retry.Enabled = false
	client, err := NewClient(settings)
	require.NoError(t, err)
	_, err = client.Zones(t.Context())
	assert.Equal(t, ClassTransient, ClassOf(err))
	_, known := client.Clock()
	assert.False(t, known)
}

func TestClock(t *testing.T) {
	t.Parallel()
	api := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	local := api.Add(time.Hour)
	status, date := 200, api.Format(http.TimeFormat)
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { text(status, okAccounts, "Date", date)(w, r) },
		oneAttempt, func(s *Settings) { s.Now = func() time.Time { return local }; s.REST.Requests = 4_000_000_000 })
	client.budgets[KindREST] = newBudget(KindREST, client.settings.REST, time.Now)
	_, known := client.Clock()
	assert.False(t, known)

	_, err := client.Accounts(t.Context())
	require.NoError(t, err)
	local = local.Add(90 * time.Second)
	now, known := client.Clock()
	assert.True(t, known)
	assert.Equal(t, api.Add(90*time.Second), now)

	// A later answer corrects it, an error as well; one without a usable header does not.
	status, date = 500, api.Add(time.Hour).Format(http.TimeFormat)
	_, err = client.Accounts(t.Context())
	require.Error(t, err)
	date = "yesterday"
	_, err = client.Accounts(t.Context())
	require.Error(t, err)
	now, _ = client.Clock()
	assert.Equal(t, api.Add(time.Hour), now)
}

func TestCompressedAnswers(t *testing.T) {
	t.Parallel()
	compressed := func(cut int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
			var body strings.Builder
			zip := gzip.NewWriter(&body)
			_, _ = io.WriteString(zip, okAccounts)
			_ = zip.Close()
			text(200, body.String()[:body.Len()-cut], "Content-Encoding", "gzip")(w, r)
		}
	}
	client, _ := serve(t, compressed(0))
	accounts, err := client.Accounts(t.Context())
	require.NoError(t, err)
	assert.Len(t, accounts, 1)

	client, _ = serve(t, compressed(12), oneAttempt)
	_, err = client.Accounts(t.Context())
	assert.Equal(t, ClassMalformed, ClassOf(err))
}

// A connection that breaks inside the body, with and without a declared length.
func TestHalfBodies(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]string{"declared": "1000", "chunked": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				_, _ = io.WriteString(w, `{"data":{"cost":1,"viewer":{"budget":5,"zones":[]}}}`)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}, oneAttempt)
			_, err := client.Limits(t.Context(), ZoneScope, []string{zoneA}, []string{"x"})
			assert.Equal(t, ClassMalformed, ClassOf(err), "%v", err)
			_, err = client.Zones(t.Context())
			assert.Equal(t, ClassMalformed, ClassOf(err), "%v", err)
		})
	}
}
