// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type firewallRow struct {
	Count      uint64 `json:"count"`
	Dimensions struct {
		Action string `json:"action"`
		Source string `json:"source"`
	} `json:"dimensions"`
}

// twoParts asks two zones for firewall counts by action and for requests.
func twoParts(tb testing.TB) Document {
	tb.Helper()
	return Document{Scope: ZoneScope, Tags: []string{zoneA, zoneB}, Parts: []Part{
		window(operation(tb, firewallText), 5, "count", "dimensions.action"),
		window(operation(tb, requestsText), 5, "sum.requests", "sum.countryMap.requests"),
	}}
}

const (
	firewallRows = `[{"count":3,"dimensions":{"action":"block"}},{"count":4,"dimensions":{"action":"log"}}]`
	requestRows  = `[{"sum":{"requests":5,"countryMap":[{"requests":5}]}}]`
)

func zonesAnswer(zones ...string) string {
	return `{"data":{"cost":2,"viewer":{"budget":9,"zones":[` + strings.Join(zones, ",") + `]}},"errors":null}`
}

func zoneAnswer(tag, p0, p1 string) string {
	return fmt.Sprintf(`{"zoneTag":%q,"p0":%s,"p1":%s}`, tag, p0, p1)
}

func TestQuery(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		var request struct {
			Query     string         `json:"query"`
			Variables map[string]any `json:"variables"`
		}
		assert.NoError(t, json.Unmarshal(body, &request))
		assert.Contains(t, request.Query, "p1: httpRequests1mGroups")
		assert.Equal(t, "2026-03-01T12:05:00Z", request.Variables["to1"])
		text(200, zonesAnswer(zoneAnswer(zoneB, firewallRows, `[]`), zoneAnswer(zoneA, ` [ ] `, requestRows)), "Date", noon.Format(http.TimeFormat))(w, r)
	})
	answer, err := client.Query(t.Context(), twoParts(t))
	require.NoError(t, err)
	assert.Equal(t, uint64(2), answer.Cost)
	assert.Equal(t, uint64(9), answer.Budget)
	assert.Equal(t, noon, answer.Date)
	assert.Equal(t, 4, client.Budget(), "9 units at 2 each")
	require.Len(t, answer.Rows, 2)
	require.Len(t, answer.Rows[zoneA], 2)
	require.Len(t, answer.Rows[zoneB], 2)
	assert.JSONEq(t, requestRows, string(answer.Rows[zoneA][1]))

	rows, err := DecodeRows[firewallRow](answer.Rows[zoneB][0])
	require.NoError(t, err)
	require.Len(t, rows, 2)
	assert.Equal(t, uint64(4), rows[1].Count)
	assert.Equal(t, "log", rows[1].Dimensions.Action)
	rows, err = DecodeRows[firewallRow](answer.Rows[zoneA][0])
	require.NoError(t, err)
	assert.Empty(t, rows)
}

func TestQueryLeavesMissingScopesToTheCaller(t *testing.T) {
	t.Parallel()
	for name, zones := range map[string][]string{"one": {zoneAnswer(zoneA, `[]`, `[]`)}, "all": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, text(200, zonesAnswer(zones...)))
			answer, err := client.Query(t.Context(), twoParts(t))
			require.NoError(t, err)
			assert.Len(t, answer.Rows, len(zones))
			assert.NotContains(t, answer.Rows, zoneB)
		})
	}
}

func TestQueryOfAnAccount(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, text(200, `{"data":{"cost":1,"viewer":{"budget":9,"accounts":[{"accountTag":"`+account+`","p0":[]}]}}}`))
	answer, err := client.Query(t.Context(), Document{Scope: AccountScope, Tags: []string{account}, Parts: []Part{window(operation(t, workersText), 1)}})
	require.NoError(t, err)
	assert.Len(t, answer.Rows[account], 1)
}

// Whatever is not an answer to the question is an error, never "no rows".
func TestAnswersAreReadStrictly(t *testing.T) {
	t.Parallel()
	good := zonesAnswer(zoneAnswer(zoneA, firewallRows, requestRows))
	bodies := map[string]string{
		"empty":                  ``,
		"null":                   `null`,
		"no object":              `[]`,
		"no data":                `{}`,
		"null data":              `{"data":null}`,
		"null data and errors":   `{"data":null,"errors":null}`,
		"no viewer":              `{"data":{"cost":1}}`,
		"null viewer":            `{"data":{"cost":1,"viewer":null}}`,
		"no zones":               `{"data":{"cost":1,"viewer":{"budget":1}}}`,
		"null zones":             `{"data":{"cost":1,"viewer":{"budget":1,"zones":null}}}`,
		"zones an object":        `{"data":{"cost":1,"viewer":{"budget":1,"zones":{}}}}`,
		"null zone":              zonesAnswer(`null`),
		"zone a string":          zonesAnswer(`"x"`),
		"no tag":                 zonesAnswer(`{"p0":[],"p1":[]}`),
		"null tag":               zonesAnswer(`{"zoneTag":null,"p0":[],"p1":[]}`),
		"another zone":           zonesAnswer(zoneAnswer(account, `[]`, `[]`)),
		"a zone twice":           zonesAnswer(zoneAnswer(zoneA, `[]`, `[]`), zoneAnswer(zoneA, `[]`, `[]`)),
		"no alias":               zonesAnswer(`{"zoneTag":"` + zoneA + `","p0":[]}`),
		"null rows":              zonesAnswer(zoneAnswer(zoneA, `[]`, `null`)),
		"rows an object":         zonesAnswer(zoneAnswer(zoneA, `{}`, `[]`)),
		"rows a string":          zonesAnswer(zoneAnswer(zoneA, `"[]"`, `[]`)),
		"null row":               zonesAnswer(zoneAnswer(zoneA, `[null]`, `[]`)),
		"row a number":           zonesAnswer(zoneAnswer(zoneA, `[1]`, `[]`)),
		"row without count":      zonesAnswer(zoneAnswer(zoneA, `[{"dimensions":{"action":"x"}}]`, `[]`)),
		"null count":             zonesAnswer(zoneAnswer(zoneA, `[{"count":null,"dimensions":{"action":"x"}}]`, `[]`)),
		"row without dimension":  zonesAnswer(zoneAnswer(zoneA, `[{"count":1,"dimensions":{}}]`, `[]`)),
		"row without dimensions": zonesAnswer(zoneAnswer(zoneA, `[{"count":1}]`, `[]`)),
		"dimensions a list":      zonesAnswer(zoneAnswer(zoneA, `[{"count":1,"dimensions":[]}]`, `[]`)),
		"null map":               zonesAnswer(zoneAnswer(zoneA, `[]`, `[{"sum":{"requests":1,"countryMap":null}}]`)),
		"map with a null":        zonesAnswer(zoneAnswer(zoneA, `[]`, `[{"sum":{"requests":1,"countryMap":[null]}}]`)),
		"map without a count":    zonesAnswer(zoneAnswer(zoneA, `[]`, `[{"sum":{"requests":1,"countryMap":[{}]}}]`)),
		"budget a string":        strings.Replace(good, `"budget":9`, `"budget":"9"`, 1),
		"negative budget":        strings.Replace(good, `"budget":9`, `"budget":-9`, 1),
		"cost a string":          strings.Replace(good, `"cost":2`, `"cost":"2"`, 1),
		"something behind":       good + `{}`,
		"half":                   good[:len(good)/2],
		"almost all":             good[:len(good)-1],
		"HTML":                   `<!doctype html>`,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, text(200, body), oneAttempt)
			answer, err := client.Query(t.Context(), twoParts(t))
			assert.Equal(t, ClassMalformed, ClassOf(err), "%v", err)
			assert.Nil(t, answer)
		})
	}
	client, _ := serve(t, text(200, good))
	_, err := client.Query(t.Context(), twoParts(t))
	require.NoError(t, err, "the base of the cases is good")
}

func TestAnswersMayLackWhatIsNotNeeded(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, text(200, `{"data":{"viewer":{"zones":[`+zoneAnswer(zoneA, `[{"count":1,"dimensions":null,"more":1}]`, `[]`)+`]}},"errors":[]}`))
	answer, err := client.Query(t.Context(), twoParts(t))
	require.NoError(t, err, "the schema allows dimensions to be null, and cost and budget are for the budget alone")
	assert.Zero(t, answer.Budget)
	assert.True(t, answer.Date.After(time.Now().Add(-time.Minute)))
}

func TestGraphQLBodyIsBounded(t *testing.T) {
	t.Parallel()
	client, seen := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		block := []byte(strings.Repeat(" ", 1<<20))
		for range maxGraphQLBody>>20 + 1 {
			_, _ = w.Write(block)
		}
	})
	_, err := client.Query(t.Context(), twoParts(t))
	assert.Equal(t, ClassBodyTooLarge, ClassOf(err))
	assert.Equal(t, []Class{ClassBodyTooLarge}, seen.classes())
}

func TestDecodeRowsIsStrict(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `null`, `{}`, `[null]`, `[1]`, `[{"count":-1}]`, `[{"count":1.5}]`, `[{"count":"1"}]`, `[{"count":18446744073709551616}]`, `[{"dimensions":[]}]`, `[] []`, `[`} {
		rows, err := DecodeRows[firewallRow](json.RawMessage(raw))
		assert.Equal(t, ClassMalformed, ClassOf(err), raw)
		assert.Nil(t, rows)
	}
	rows, err := DecodeRows[firewallRow](json.RawMessage(`[{"count":18446744073709551615}]`))
	require.NoError(t, err)
	assert.Equal(t, ^uint64(0), rows[0].Count)
}
