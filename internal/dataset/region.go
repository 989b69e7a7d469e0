// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import "github.com/biter777/countries"

// region is the continent of a country by its ISO 3166 code. XX and T1, which stand for unknown clients and Tor, have none.
func region(country string) string {
	if r := countries.ByName(country).Region(); r != countries.RegionNone {
		return r.String() // Unknown is one of the names
	}
	return countries.UnknownMsg
}

// byRegion are the attributes country and region, both read from the field of a country's code.
func byRegion(field string) []Attribute {
	return []Attribute{{Name: "country", Field: field}, {Name: "region", Field: field}}
}
