// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pages serves total zones in pages of at most cap, and says about them what info returns.
func pages(total, most int, info func(page, size int) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
		size = min(size, most)
		var items []string
		for i := (page - 1) * size; i < min(page*size, total); i++ {
			items = append(items, fmt.Sprintf(`{"id":"z%d","name":"%d.example","status":"active","type":"full","paused":%t,"account":{"id":"a","name":"Acme"},"plan":null,"meta":null}`, i, i, i%2 == 1))
		}
		text(200, fmt.Sprintf(`{"success":true,"errors":null,"messages":[],"result":[%s]%s}`, strings.Join(items, ","), info(page, size)))(w, r)
	}
}

func TestZonesReadsEveryPage(t *testing.T) {
	t.Parallel()
	full := func(total, size int) func(int, int) string {
		return func(page, _ int) string {
			return fmt.Sprintf(`,"result_info":{"page":%d,"per_page":%d,"count":1,"total_count":%d,"total_pages":%d}`, page, size, total, (total+size-1)/size)
		}
	}
	bare := func(int, int) string { return "" }
	tests := map[string]struct {
		handler  http.HandlerFunc
		zones    int
		requests int
	}{
		"none":                       {pages(0, 50, full(0, 50)), 0, 1},
		"one page":                   {pages(3, 50, full(3, 50)), 3, 1},
		"exactly one page":           {pages(50, 50, full(50, 50)), 50, 1},
		"several":                    {pages(101, 50, full(101, 50)), 101, 3},
		"the server's pages smaller": {pages(45, 20, full(45, 20)), 45, 3},
		"no total":                   {pages(101, 50, bare), 101, 3},
		"no total, exact":            {pages(100, 50, bare), 100, 3},
		"no total, smaller pages": {pages(45, 20, func(int, int) string {
			return `,"result_info":{"per_page":20}`
		}), 45, 3},
		"null info": {pages(60, 50, func(int, int) string { return `,"result_info":null` }), 60, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, seen := serve(t, tt.handler)
			zones, err := client.Zones(t.Context())
			require.NoError(t, err)
			require.Len(t, zones, tt.zones)
			assert.Len(t, seen.classes(), tt.requests)
			for i, zone := range zones {
				assert.Equal(t, Zone{
					ID: fmt.Sprint("z", i), Name: fmt.Sprint(i, ".example"), Status: "active", Type: "full", Paused: i%2 == 1,
					AccountID: "a", AccountName: "Acme",
				}, zone)
			}
		})
	}
}

func TestListsWithoutEndOrMiddleFail(t *testing.T) {
	t.Parallel()
	endless := func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = "page=1&per_page=50"
		pages(50, 50, func(int, int) string { return "" })(w, r)
	}
	hollow := pages(50, 50, func(int, int) string { return `,"result_info":{"total_pages":3}` })
	for name, handler := range map[string]http.HandlerFunc{"the same page again": endless, "an empty page in the middle": hollow} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, seen := serve(t, handler)
			_, err := client.Zones(t.Context())
			assert.Equal(t, ClassMalformed, ClassOf(err))
			assert.Len(t, seen.classes(), 2)
		})
	}
}

func TestListKeepsAnItemOnce(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ids := map[string]string{"1": `{"id":"x"},{"id":"y"}`, "2": `{"id":"y"},{"id":"z"}`}[r.URL.Query().Get("page")]
		text(200, `{"success":true,"result":[`+ids+`],"result_info":{"total_pages":2}}`)(w, r)
	})
	accounts, err := client.Accounts(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []Account{{ID: "x"}, {ID: "y"}, {ID: "z"}}, accounts)
}

func TestRESTAnswersAreReadStrictly(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `{"success":true}`, `{"success":true,"result":null}`, `{"success":true,"result":{}}`,
		`{"success":true,"result":"x"}`, `{"success":true,"result":[1]}`, `{"success":true,"result":[null]}`, `{"success":true,"result":[{}]}`,
		`{"success":true,"result":[{"id":null}]}`, `{"success":true,"result":[{"id":{}}]}`, `{"success":true,"result":[{"id":5}]}`, `{"success":true,"result":[{"id":"x","name":{}}]}`, `{"success":false,"result":[]}`, `{"result":[]}`,
		`{"success":true,"result":[]} x`, `{"success":true,"result":[]`, `{"success":true,"result":[],"result_info":{"total_pages":"x"}}`,
		`<html>`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, text(200, body), oneAttempt)
			accounts, err := client.Accounts(t.Context())
			assert.Equal(t, ClassMalformed, ClassOf(err), "%v", err)
			assert.Empty(t, accounts)
		})
	}
}

func TestRESTAnswersMayLackWhatIsNotNeeded(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, text(200, `{"success":true,"result":[{"id":"z","name":null,"account":null,"status":null,"paused":null,"type":null,"owner":null,"created_on":"never","name_servers":7}],"result_info":{}}`))
	zones, err := client.Zones(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []Zone{{ID: "z"}}, zones)
}

func TestRESTNeedsJSON(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(okAccounts))
	}, oneAttempt)
	_, err := client.Accounts(t.Context())
	assert.Equal(t, ClassMalformed, ClassOf(err))
}

func TestRESTBodyIsBounded(t *testing.T) {
	t.Parallel()
	body := `{"success":true,"result":[],"x":"` + strings.Repeat("x", maxRESTBody) + `"}`
	require.True(t, json.Valid([]byte(body)))
	client, seen := serve(t, text(200, body))
	_, err := client.Accounts(t.Context())
	assert.Equal(t, ClassBodyTooLarge, ClassOf(err))
	assert.Equal(t, []Class{ClassBodyTooLarge}, seen.classes())
}
