// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func window(operation *Operation, minutes int, keep ...string) Part {
	part := Part{Operation: operation, From: noon, To: noon.Add(time.Duration(minutes) * time.Minute), Limit: 100 * minutes}
	if len(keep) > 0 {
		part.Keep = func(path string) bool { return slices.Contains(keep, path) }
	}
	return part
}

// requireValid checks a document with its variables, as a server would.
func requireValid(tb testing.TB, schema *ast.Schema, text string, variables map[string]any) {
	tb.Helper()
	document, problems := gqlparser.LoadQueryWithRules(schema, text, nil)
	require.Empty(tb, problems, text)
	encoded, err := json.Marshal(variables)
	require.NoError(tb, err)
	var decoded map[string]any
	require.NoError(tb, json.Unmarshal(encoded, &decoded))
	_, err = validator.VariableValues(schema, document.Operations[0], decoded)
	require.NoError(tb, err)
}

func TestBuildZones(t *testing.T) {
	t.Parallel()
	firewall := operation(t, firewallText)
	moscow := window(firewall, 5, "count", "dimensions.source")
	moscow.From = moscow.From.In(time.FixedZone("", 3*3600)).Add(900 * time.Millisecond)
	text, variables, err := Document{
		Scope: ZoneScope, Tags: []string{zoneA, zoneB},
		Parts: []Part{moscow, window(operation(t, requestsText), 1), window(operation(t, datesText), 24*60)},
	}.Build()
	require.NoError(t, err)
	requireValid(t, loadSchema(t), text, variables)
	assert.Equal(t, map[string]any{
		"zones": []string{zoneA, zoneB},
		"from0": "2026-03-01T12:00:00Z", "to0": "2026-03-01T12:05:00Z", "limit0": 500,
		"from1": "2026-03-01T12:00:00Z", "to1": "2026-03-01T12:01:00Z", "limit1": 100,
		"from2": "2026-03-01", "to2": "2026-03-02", "limit2": 144000,
	}, variables)
	assert.Equal(t, strings.Join(strings.Fields(`
query ($zones: [string!], $from0: Time!, $to0: Time!, $limit0: uint64!, $from1: Time!, $to1: Time!, $limit1: uint64!, $from2: Date!, $to2: Date!, $limit2: uint64!) {
 cost
 viewer {
  budget
  zones(filter: {zoneTag_in:$zones}) {
   zoneTag
   p0: firewallEventsAdaptiveGroups(limit: $limit0, filter: {datetime_geq:$from0,datetime_lt:$to0}, orderBy: [count_DESC]) {
    count
    dimensions { source }
   }
   p1: httpRequests1mGroups(limit: $limit1, filter: {AND:[{datetime_geq:$from1},{datetime_lt:$to1}]}, orderBy: sum_requests_DESC) {
    sum { requests bytes countryMap { clientCountryName requests bytes } }
    uniq { uniques }
   }
   p2: httpRequests1mGroups(limit: $limit2, filter: {date_geq:$from2,date_lt:$to2}) {
    sum { requests }
   }
  }
 }
}`), " "), strings.Join(strings.Fields(text), " "))

	again, _, err := Document{Scope: ZoneScope, Tags: []string{zoneA}, Parts: []Part{window(firewall, 1)}}.Build()
	require.NoError(t, err)
	assert.Contains(t, again, "action", "pruning leaves the operation as it was")
}

func TestBuildAccount(t *testing.T) {
	t.Parallel()
	text, variables, err := Document{
		Scope: AccountScope, Tags: []string{account}, Parts: []Part{window(operation(t, workersText), 1, "sum.errors", "dimensions.status")},
	}.Build()
	require.NoError(t, err)
	requireValid(t, loadSchema(t), text, variables)
	assert.Equal(t, account, variables["account"])
	assert.Contains(t, text, `status_neq:"x\"y"`)
	assert.NotContains(t, text, "orderBy", "its only field was pruned")
	assert.NotContains(t, text, "quantiles")
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	firewall := operation(t, firewallText)
	good := window(firewall, 1)
	change := func(f func(*Part)) []Part {
		part := good
		f(&part)
		return []Part{good, part}
	}
	zones := []string{zoneA}
	for name, document := range map[string]Document{
		"no tags":       {ZoneScope, nil, []Part{good}},
		"an empty tag":  {ZoneScope, []string{zoneA, ""}, []Part{good}},
		"no parts":      {ZoneScope, zones, nil},
		"two accounts":  {AccountScope, []string{account, zoneA}, []Part{window(operation(t, workersText), 1)}},
		"another scope": {AccountScope, zones, []Part{good}},
		"no operation":  {ZoneScope, zones, change(func(p *Part) { p.Operation = nil })},
		"no window":     {ZoneScope, zones, change(func(p *Part) { p.To = p.From })},
		"no limit":      {ZoneScope, zones, change(func(p *Part) { p.Limit = 0 })},
		"no field":      {ZoneScope, zones, change(func(p *Part) { p.Keep = func(string) bool { return false } })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := document.Build()
			require.ErrorContains(t, err, "build document")
			client, seen := serve(t, text(200, `{}`))
			_, err = client.Query(t.Context(), document)
			assert.Equal(t, ClassInvalidQuery, ClassOf(err))
			assert.Empty(t, seen.classes(), "nothing is sent")
		})
	}
}

// Any pruning of any combination gives a valid document with just the kept fields, or none.
func FuzzBuild(f *testing.F) {
	schema := loadSchema(f)
	operations := map[string]*Operation{}
	for _, text := range []string{firewallText, requestsText, datesText} {
		operations[text] = operation(f, text)
	}
	texts := slices.Sorted(maps.Keys(operations))
	f.Add(uint8(1), uint64(1))
	f.Add(uint8(5), ^uint64(0))
	f.Add(uint8(3), uint64(0x5555))
	f.Fuzz(func(t *testing.T, count uint8, mask uint64) {
		document := Document{Scope: ZoneScope, Tags: []string{zoneA, zoneB}}
		kept := 0
		empty := count%8 == 0
		for i := range int(count % 8) {
			part := window(operations[texts[i%len(texts)]], i+1)
			var keep []string
			for j, path := range part.Operation.Fields() {
				if mask>>((7*i+j)%64)&1 == 1 {
					keep = append(keep, path)
				}
			}
			part.Keep = func(path string) bool { return slices.Contains(keep, path) }
			kept += len(keep)
			empty = empty || len(keep) == 0
			document.Parts = append(document.Parts, part)
		}
		text, variables, err := document.Build()
		if empty {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		requireValid(t, schema, text, variables)
		assert.Equal(t, kept, countLeaves(t, text))
	})
}

func countLeaves(t *testing.T, text string) int {
	t.Helper()
	document, problems := gqlparser.LoadQueryWithRules(loadSchema(t), text, nil)
	require.Empty(t, problems)
	var count func(ast.SelectionSet) int
	count = func(selection ast.SelectionSet) int {
		if len(selection) == 0 {
			return 1
		}
		sum := 0
		for _, item := range selection {
			field, ok := item.(*ast.Field)
			require.True(t, ok)
			sum += count(field.SelectionSet)
		}
		return sum
	}
	return count(document.Operations[0].SelectionSet) - len([]string{"cost", "budget", "zoneTag"})
}
