// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package oracle says which series must stand at which value, given the simulator's exact totals. It is imported by tests only,
// and written without a look at how the receiver reads datasets: it goes by the documentation of each metric, the bullets in
// metadata.yaml's extended_documentation.
//
//   - Source: `httpRequestsAdaptiveGroups.colo`: `sum.visits` by `coloCode` as `colo`, `clientRequestHTTPHost` as `host`, where `requestSource: "eyeball"`.
//   - Otherwise: `httpRequestsAdaptiveGroups.totals`: `count` by `edgeResponseStatus` as `status`, where `edgeResponseStatus_geq: 400`.
//
// A Source names the query (what is before the dot is Cloudflare's dataset), the measure, the attributes that dimensions become, and conditions as
// GraphQL filters have them, with values in JSON:
//
//	source    = query [ " at " ( "zone" | "account" ) " scope" ] ": " measure [ " by " attribute { ", " attribute } ] [ ", where " condition { ", " condition } ] "."
//	measure   = "`" name [ " / " number ] "`"
//	attribute = "`" dimension "`" " as " "`" name "`" { " and " "`" name "`" }
//	condition = "`" filter ": " value "`"
//
// Without a scope it is the zone for metrics under cloudflare.zone and else the account. A measure may be divided by a number. The key
// of a breakdown is written in full: `sum.countryMap.clientCountryName`. Of several attributes of one dimension some are computed from it
// (region from country): see [Completion]. Otherwise is the source of scopes that may not read the dataset of Source. A Source that
// starts with "derived from" is prose, and the metric is only listed.
//
// The other bullets, Permission, Plans, Replaces and Note, are prose too.
package oracle

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Series is one label set of one metric of one zone or account.
type Series struct {
	// Metric is the OTel name.
	Metric string
	// Scope is the identifier of the zone or account.
	Scope string
	// Attributes are "key=value" in the order of keys, separated by commas.
	Attributes string
}

// String is how a difference is printed.
func (s Series) String() string {
	return fmt.Sprintf("%s{%s} of %s", s.Metric, s.Attributes, s.Scope)
}

// Attributes gives the canonical form of a label set. Empty values are left out: Prometheus does not tell them from absent ones.
func Attributes(set map[string]string) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(set)) {
		if set[k] != "" {
			list = append(list, k+"="+set[k])
		}
	}
	return strings.Join(list, ",")
}

// Differences compares values with what they must be and describes each that is missing, extra or wrong. Series at
// zero count as absent on both sides; sums of float64 may differ by what adding in another order changes.
func Differences(expected, actual map[Series]float64) []string {
	var list []string
	for s, want := range expected {
		if got := actual[s]; !equal(want, got) {
			list = append(list, fmt.Sprintf("%v: want %v, got %v (off by %v)", s, want, got, got-want))
		}
	}
	for s, got := range actual {
		if _, ok := expected[s]; !ok && got != 0 {
			list = append(list, fmt.Sprintf("%v: not expected, got %v", s, got))
		}
	}
	slices.Sort(list)
	return list
}

func equal(a, b float64) bool {
	if a == math.Trunc(a) && b == math.Trunc(b) {
		return a == b
	}
	return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}
