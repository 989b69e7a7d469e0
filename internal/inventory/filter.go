// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Filter includes and excludes by identifier or name. Patterns are globs as path.Match knows them, except that * also
// matches a slash, and case does not matter. An empty Include includes everything; Exclude wins.
type Filter struct {
	// Include are ids, names or globs such as *.example.com; with none, everything is included.
	Include []string `mapstructure:"include"`
	// Exclude are the same for what is left out, even if it is included.
	Exclude []string `mapstructure:"exclude"`
}

// Validate names the first pattern that is not a glob.
func (f *Filter) Validate() error {
	for _, pattern := range slices.Concat(f.Include, f.Exclude) {
		if _, err := path.Match(normalise(pattern), ""); err != nil {
			return fmt.Errorf("%q is not a valid pattern: write an id, a name, or a glob such as *.example.com", pattern)
		}
	}
	return nil
}

// Match says whether what has this identifier and name is included.
func (f *Filter) Match(id, name string) bool {
	matches := func(pattern string) bool {
		return match(pattern, id) || match(pattern, name)
	}
	if slices.ContainsFunc(f.Exclude, matches) {
		return false
	}
	return len(f.Include) == 0 || slices.ContainsFunc(f.Include, matches)
}

func match(pattern, s string) bool {
	ok, _ := path.Match(normalise(pattern), normalise(s)) // the pattern has been validated
	return ok
}

// normalise folds case and hides slashes, which are legal in account names, from path.Match.
func normalise(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "/", "\x00")
}
