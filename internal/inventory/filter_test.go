// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilter(t *testing.T) {
	t.Parallel()
	const zoneID = "023e105f4ecef8ad9ca31a8372d0c353"
	for name, tt := range map[string]struct {
		include, exclude []string
		id, name         string
		want             bool
	}{
		"nothing is everything":            {nil, nil, zoneID, "example.com", true},
		"id":                               {[]string{zoneID}, nil, zoneID, "example.com", true},
		"id in capitals":                   {[]string{"023E105F4ECEF8AD9CA31A8372D0C353"}, nil, zoneID, "example.com", true},
		"name":                             {[]string{"example.com"}, nil, zoneID, "example.com", true},
		"name in capitals":                 {[]string{"Example.COM"}, nil, zoneID, "example.com", true},
		"account in capitals":              {[]string{"acme *"}, nil, zoneID, "ACME Corp", true},
		"another name":                     {[]string{"example.org"}, nil, zoneID, "example.com", false},
		"part of a name":                   {[]string{"example"}, nil, zoneID, "example.com", false},
		"dots are dots":                    {[]string{"example.com"}, nil, zoneID, "exampleXcom", false},
		"glob":                             {[]string{"*.example.com"}, nil, zoneID, "shop.example.com", true},
		"glob over levels":                 {[]string{"*.example.com"}, nil, zoneID, "a.b.example.com", true},
		"glob needs its dot":               {[]string{"*.example.com"}, nil, zoneID, "example.com", false},
		"one character":                    {[]string{"zone?.com"}, nil, zoneID, "zone1.com", true},
		"class":                            {[]string{"zone[0-4].com"}, nil, zoneID, "zone3.com", true},
		"class, outside":                   {[]string{"zone[0-4].com"}, nil, zoneID, "zone5.com", false},
		"slash":                            {[]string{"Acme*"}, nil, zoneID, "Acme / Europe", true},
		"slash as such":                    {[]string{"acme / *"}, nil, zoneID, "Acme / Europe", true},
		"one of several":                   {[]string{"a.com", "b.com"}, nil, zoneID, "b.com", true},
		"exclude alone":                    {nil, []string{"*.test"}, zoneID, "a.com", true},
		"excluded":                         {nil, []string{"*.test"}, zoneID, "a.test", false},
		"exclude wins":                     {[]string{"*"}, []string{"a.test"}, zoneID, "a.test", false},
		"exclude by id, include by name":   {[]string{"a.test"}, []string{zoneID}, zoneID, "a.test", false},
		"names outside ASCII":              {[]string{"MÜLLER*"}, nil, zoneID, "müller.example", true},
		"an empty pattern is not anything": {[]string{""}, nil, zoneID, "a.test", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := Filter{Include: tt.include, Exclude: tt.exclude}
			require.NoError(t, f.Validate())
			assert.Equal(t, tt.want, f.Match(tt.id, tt.name))
		})
	}
}

func TestFilterValidate(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"[", "a[", "[]", "[a-]", `a\`, "*[", "zone[0-"} {
		require.ErrorContains(t, (&Filter{Include: []string{"ok", pattern}}).Validate(), "is not a valid pattern", pattern)
		require.ErrorContains(t, (&Filter{Exclude: []string{pattern}}).Validate(), "is not a valid pattern", pattern)
	}
}

// What Validate lets through, Match understands, whatever the name.
func FuzzFilter(f *testing.F) {
	f.Add("*.example.com", "a.example.com")
	f.Add("[a-z]/?*", "Ä/b")
	f.Add(`\`, "[")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		filter := Filter{Include: []string{pattern}}
		if filter.Validate() != nil {
			return
		}
		_, err := path.Match(normalise(pattern), normalise(name))
		require.NoError(t, err)
		included := filter.Match("", name)
		assert.Equal(t, included || filter.Match("", ""), filter.Match(name, ""), "ids and names are matched alike")
		filter.Exclude = filter.Include
		assert.False(t, included && filter.Match("", name), "exclude wins")
	})
}
