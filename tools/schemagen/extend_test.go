// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// complete has what the tests ask for, and more.
const complete = `
schema { query: Query }
scalar Time
scalar string
scalar uint64
type Query { viewer: viewer cost: uint64! }
type viewer {
  zones(filter: ZoneFilter, limit: uint64): [zone!]!
  accounts(filter: AccountFilter): [account!]!
}
input ZoneFilter { zoneTag: string zoneTag_in: [string!] }
input AccountFilter { accountTag: string! }
type zone {
  "not for us"
  plain(filter: PlainFilter!, limit: uint64!, orderBy: [PlainOrder!]): [Plain!]!
  shared(filter: SharedFilter!, limit: uint64!): [Shared!]!
  total(filter: SharedFilter!, limit: uint64!): [Total!]!
  settings: ZoneSettings
  zoneTag: string!
}
type account {
  plain(filter: PlainFilter!, limit: uint64!, orderBy: [PlainOrder!]): [Plain!]!
  shared(filter: AccountSharedFilter!, limit: uint64!): [AccountShared!]!
  total(filter: AccountSharedFilter!, limit: uint64!): [AccountTotal!]!
  settings: AccountSettings
  accountTag: string!
}
type ZoneSettings { plain: Settings! shared: Settings! total: Settings! }
type AccountSettings { plain: Settings! shared: Settings! total: Settings! }
type Settings { enabled: uint64! }
type Plain { count: uint64! old: uint64! @deprecated(reason: "gone") dimensions: PlainDimensions sum: PlainSum }
type PlainDimensions { host: string! path: string! }
type PlainSum { bytes: uint64! }
input PlainFilter { host: string datetime_geq: Time datetime_lt: Time }
enum PlainOrder { count_ASC count_DESC host_ASC }
type Shared { count: uint64! dimensions: SharedDimensions }
type SharedDimensions { host: string! }
type AccountShared { count: uint64! dimensions: AccountSharedDimensions }
type AccountSharedDimensions { host: string! zoneTag: string! }
type Total { count: uint64! }
type AccountTotal { count: uint64! dimensions: AccountSharedDimensions }
input SharedFilter { datetime_geq: Time datetime_lt: Time host: string }
input AccountSharedFilter { datetime_geq: Time datetime_lt: Time host: string zoneTag: string }
`

// ours has a field that no operation uses.
const ours = `# The part that we use.
# Kept.

schema {
  query: Query
}

scalar string
scalar uint64

type Query {
  cost: uint64!
}

type Settings {
  enabled: uint64!
}
`

const (
	plain = `query plain($zones: [string!], $from: Time!, $to: Time!, $limit: uint64!) {
  viewer { zones(filter: {zoneTag_in: $zones}) { zoneTag
    plain(limit: $limit, filter: {datetime_geq: $from, datetime_lt: $to, host: "a"}, orderBy: [count_DESC]) {
      count old dimensions { host }
    } } } }`
	byZone = `query shared($zones: [string!], $from: Time!, $limit: uint64!) {
  viewer { zones(filter: {zoneTag_in: $zones}) { zoneTag
    shared(limit: $limit, filter: {datetime_geq: $from}) { count dimensions { host } } } } }`
	ungrouped = `query total($zones: [string!], $from: Time!, $limit: uint64!) {
  viewer { zones(filter: {zoneTag_in: $zones}) { zoneTag total(limit: $limit, filter: {datetime_geq: $from}) { count } } } }`
	ofAccount = `query plain($account: string!, $to: Time!, $limit: uint64!) {
  viewer { accounts(filter: {accountTag: $account}) { accountTag
    plain(limit: $limit, filter: {datetime_lt: $to}) { sum { bytes } } } } }`
)

const extendedByPlain = `# The part that we use.
# Kept.

schema {
  query: Query
}

scalar string
scalar Time
scalar uint64

type Plain {
  count: uint64!
  dimensions: PlainDimensions
  old: uint64!
}

type PlainDimensions {
  host: string!
}

input PlainFilter {
  datetime_geq: Time
  datetime_lt: Time
  host: string
}

enum PlainOrder {
  count_DESC
}

type Query {
  cost: uint64!
  viewer: viewer
}

type Settings {
  enabled: uint64!
}

type viewer {
  zones(filter: ZoneFilter): [zone!]!
}

type zone {
  plain(filter: PlainFilter!, limit: uint64!, orderBy: [PlainOrder!]): [Plain!]!
  settings: ZoneSettings
  zoneTag: string!
}

input ZoneFilter {
  zoneTag_in: [string!]
}

type ZoneSettings {
  plain: Settings!
}
`

func TestExtendAddsWhatIsUsedAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	extended, err := extend(complete, ours, []operation{{"plain.graphql", plain}})
	require.NoError(t, err)
	assert.Equal(t, extendedByPlain, extended)
}

func TestExtendFollowsScopes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text           string
		want, unwanted []string
	}{
		"an account": {
			text:     ofAccount,
			want:     []string{"type AccountSettings {\n  plain: Settings!\n}", "type PlainSum {\n  bytes: uint64!\n}", "input AccountFilter {\n  accountTag: string!\n}"},
			unwanted: []string{"type zone ", "orderBy"},
		},
		"zones that an account tells apart": {
			text: byZone,
			want: []string{
				"type SharedDimensions {\n  host: string!\n}", "type AccountSharedDimensions {\n  host: string!\n  zoneTag: string!\n}",
				"input AccountSharedFilter {\n  datetime_geq: Time\n}", "type AccountSettings {\n  shared: Settings!\n}",
			},
		},
		"a zone's total": {
			text:     ungrouped,
			want:     []string{"type Total {\n  count: uint64!\n}", "type AccountSharedDimensions {\n  zoneTag: string!\n}"},
			unwanted: []string{"host"},
		},
		"zones that an account does not tell apart": {
			text:     plain,
			unwanted: []string{"accounts(", "AccountSettings"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			extended, err := extend(complete, ours, []operation{{"x.graphql", tc.text}})
			require.NoError(t, err)
			for _, s := range tc.want {
				assert.Contains(t, extended, s)
			}
			for _, s := range tc.unwanted {
				assert.NotContains(t, extended, s)
			}
		})
	}
}

func TestExtendRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ complete, ours, text, want string }{
		"a field Cloudflare does not have": {complete, ours, `{ viewer { zones { colour } } }`, "x.graphql: input:1:20: Cannot query field \"colour\""},
		"a filter it does not have":        {complete, ours, `{ viewer { zones(filter: {name: "a"}) { zoneTag } } }`, `Field "name" is not defined`},
		"an order it does not have":        {complete, ours, `query q($f: PlainFilter!) { viewer { zones { plain(filter: $f, limit: 1, orderBy: [host_DESC]) { count } } } }`, "host_DESC"},
		"an input that is a variable":      {complete, ours, `query q($f: PlainFilter!) { viewer { zones { plain(filter: $f, limit: 1) { count } } } }`, "the schema that was made"},
		"a broken complete schema":         {"type", ours, plain, "read the complete schema"},
		"a broken schema of ours":          {complete, "type", plain, "read our schema"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := extend(tc.complete, tc.ours, []operation{{"x.graphql", tc.text}})
			assert.ErrorContains(t, err, tc.want)
		})
	}
}

func TestRunAgainChangesNothing(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(directory, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	completePath, oursPath := write("complete.sdl", complete), write("ours.sdl", ours)
	for i, text := range []string{plain, byZone, ungrouped, ofAccount} {
		write(string(rune('a'+i))+".graphql", text)
	}
	require.NoError(t, run(completePath, oursPath, directory))
	first, err := os.ReadFile(oursPath)
	require.NoError(t, err)
	assert.Contains(t, string(first), "AccountTotal")
	require.NoError(t, run(completePath, oursPath, directory))
	second, err := os.ReadFile(oursPath)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(second))

	assert.ErrorContains(t, run(filepath.Join(directory, "none"), oursPath, directory), "set CLOUDFLARE_SCHEMA")
}
