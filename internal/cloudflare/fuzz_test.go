// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// canned returns a client that gets the same answer to everything, once per call.
func canned(t *testing.T, status int, body string, header http.Header) *Client {
	t.Helper()
	client, _ := inMemory(t, func(_ int, _ *http.Request) (*http.Response, error) {
		response := reply(status, body)
		maps.Copy(response.Header, header)
		return response, nil
	}, oneAttempt)
	return client
}

// requireSound checks what holds for every error.
func requireSound(t *testing.T, err error) {
	t.Helper()
	var typed *Error
	require.ErrorAs(t, err, &typed)
	assert.NotEmpty(t, typed.Class)
	assert.NotEmpty(t, typed.Message)
	assert.LessOrEqual(t, len(typed.Message), maxMessage)
	assert.True(t, utf8.ValidString(typed.Message))
	assert.NotContains(t, err.Error(), "\n")
	assert.NotContains(t, err.Error(), token)
	assert.LessOrEqual(t, typed.RetryAfter, longestStop)
	limited := typed.Class == ClassRateLimited || typed.Class == ClassScopeLimited
	assert.Equal(t, limited, typed.RetryAfter > 0)
}

func FuzzAnswer(f *testing.F) {
	document := twoParts(f)
	f.Add(zonesAnswer(zoneAnswer(zoneA, firewallRows, requestRows), zoneAnswer(zoneB, `[]`, `[]`)))
	f.Add(zonesAnswer(zoneAnswer(zoneA, `[{}]`, `[{"sum":null}]`)))
	f.Add(zonesAnswer())
	f.Add(graphQLError("zone '"+zoneA+"' does not have access to the path", "authz"))
	f.Add(`{"data":null,"errors":[{"path":[1,null,{}],"extensions":7}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		answer, err := canned(t, 200, body, nil).Query(t.Context(), document)
		if err != nil {
			requireSound(t, err)
			assert.Nil(t, answer)
			return
		}
		require.True(t, json.Valid([]byte(body)))
		for tag, parts := range answer.Rows {
			assert.Contains(t, document.Tags, tag)
			require.Len(t, parts, len(document.Parts))
			for _, raw := range parts {
				if rows, err := DecodeRows[map[string]json.RawMessage](raw); err == nil {
					var items []json.RawMessage
					require.NoError(t, json.Unmarshal(raw, &items))
					assert.Len(t, rows, len(items))
				}
			}
		}
	})
}

func FuzzErrors(f *testing.F) {
	for _, tt := range texts {
		f.Add(tt.status, tt.message, tt.code, "", "")
	}
	document := twoParts(f)
	f.Add(429, token, token, "Sat, 21 Nov 2026 02:00:00 GMT", "-1")
	f.Fuzz(func(t *testing.T, status int, message, code, date, retryAfter string) {
		status = 200 + (status%400+400)%400
		body, err := json.Marshal(map[string]any{"errors": []any{map[string]any{
			"message": message, "path": []any{code, 0}, "extensions": map[string]any{"code": code},
		}}})
		require.NoError(t, err)
		header := http.Header{"Date": {date}, "Retry-After": {retryAfter}, "Cf-Ray": {message}}
		for _, body := range []string{string(body), message} {
			client := canned(t, status, body, header)
			if _, err = client.Query(t.Context(), document); err != nil {
				requireSound(t, err)
			}
			if _, err = client.Zones(t.Context()); err != nil {
				requireSound(t, err)
			}
		}
	})
}

func FuzzREST(f *testing.F) {
	f.Add(okAccounts)
	f.Add(`{"success":true,"result":[{"id":"z","account":null,"meta":[],"created_on":7}],"result_info":{"total_pages":1e300}}`)
	f.Add(`{"success":true,"result":[{"id":{}}]}`)
	f.Add(`{"success":false,"errors":[{"code":6003,"message":"x","error_chain":[{"error_chain":[{}]}]}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		if strings.Count(body, "{") > 200 {
			return // the list would be read again and again
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		client := canned(t, 200, body, nil)
		accounts, err := client.Accounts(ctx)
		if err != nil {
			requireSound(t, err)
			assert.Nil(t, accounts)
		}
		for _, account := range accounts {
			assert.NotEmpty(t, account.ID)
		}
		zones, err := client.Zones(ctx)
		if err != nil {
			requireSound(t, err)
			assert.Nil(t, zones)
		}
	})
}
