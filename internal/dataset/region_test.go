// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRegion(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]string{
		"DE": "Europe", "US": "North America", "BR": "South America", "JP": "Asia", "ZA": "Africa", "AU": "Oceania",
		"AQ": "Antarctica", "XK": "Europe",
		"XX": "Unknown", "T1": "Unknown", "": "Unknown", "EU": "Unknown", "\xff": "Unknown",
	} {
		assert.Equal(t, want, region(country), country)
	}
}

// Two sources of one metric go into the same series.
func TestSourcesOfAFamilyAgree(t *testing.T) {
	t.Parallel()
	for preferred, fallback := range map[string]string{
		"httpRequests1mGroups":         "httpRequestsAdaptiveGroups.totals",
		"firewallEventsAdaptiveGroups": "firewallEventsAdaptive",
	} {
		first, second := byName(t, preferred), byName(t, fallback)
		assert.Equal(t, first.Family, second.Family)
		assert.False(t, first.Fallback)
		assert.True(t, second.Fallback)
		metrics := map[string]Metric{}
		for _, m := range first.Metrics {
			metrics[m.Name] = m
		}
		for _, m := range second.Metrics {
			assert.Contains(t, metrics, m.Name)
			other := metrics[m.Name]
			assert.Equal(t, other.Kind, m.Kind, m.Name)
			assert.Equal(t, other.Double, m.Double, m.Name)
			assert.Equal(t, withoutFields(other.Attributes), withoutFields(m.Attributes), m.Name)
		}
	}
}

// withoutFields is what attributes are, wherever they come from.
func withoutFields(attributes []Attribute) []Attribute {
	same := slices.Clone(attributes)
	for i := range same {
		same[i].Field = ""
	}
	return same
}
