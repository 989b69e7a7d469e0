// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkAnswer reads an answer of 10,000 rows, from the response to the rows.
func BenchmarkAnswer(b *testing.B) {
	const count = 10_000
	rows := make([]string, count)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"count":%d,"dimensions":{"action":"block","source":"firewallcustom%d"}}`, i, i)
	}
	body := zonesAnswer(`{"zoneTag":"` + zoneA + `","p0":[` + strings.Join(rows, ",") + `]}`)
	document := Document{Scope: ZoneScope, Tags: []string{zoneA}, Parts: []Part{
		window(operation(b, firewallText), 5, "count", "dimensions.action", "dimensions.source"),
	}}
	settings := fast("https://api.test", &http.Client{Transport: memory(func(*http.Request) (*http.Response, error) { return reply(200, body), nil })})
	client, err := NewClient(settings)
	require.NoError(b, err)
	client.budgets[KindGraphQL].period = 0 // what the answers say about the budget is void at once
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		answer, err := client.Query(b.Context(), document)
		require.NoError(b, err)
		decoded, err := DecodeRows[firewallRow](answer.Rows[zoneA][0])
		require.NoError(b, err)
		require.Len(b, decoded, count)
	}
}

// BenchmarkBuild assembles a document of ten parts.
func BenchmarkBuild(b *testing.B) {
	document := Document{Scope: ZoneScope, Tags: zoneTags(10)}
	for range 10 {
		document.Parts = append(document.Parts, window(operation(b, requestsText), 5))
	}
	b.ReportAllocs()
	for b.Loop() {
		text, variables, err := document.Build()
		require.NoError(b, err)
		_, err = json.Marshal(variables)
		require.NoError(b, err)
		require.NotEmpty(b, text)
	}
}
