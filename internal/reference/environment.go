// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// variable is an environment variable that a shipped configuration reads. One without default has to be set.
type variable struct {
	Name       string
	HasDefault bool
	Default    string
	Files      []string
}

// environment collects the variables of the configurations in a directory; one with two defaults is two variables.
func environment(directory string) ([]*variable, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.yaml"))
	if err != nil {
		return nil, err
	}
	expansion := regexp.MustCompile(`\$\{env:([A-Z_0-9]+)(:-([^}]*))?\}`)
	comment := regexp.MustCompile(`(?m)^\s*#.*$`)
	found := map[string]*variable{}
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // a path of this repository
		if err != nil {
			return nil, err
		}
		for _, match := range expansion.FindAllStringSubmatch(comment.ReplaceAllString(string(text), ""), -1) {
			v := found[match[1]+match[2]]
			if v == nil {
				v = &variable{Name: match[1], HasDefault: match[2] != "", Default: match[3]}
				found[match[1]+match[2]] = v
			}
			if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); !slices.Contains(v.Files, name) {
				v.Files = append(v.Files, name)
			}
		}
	}
	var list []*variable
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[name])
	}
	return list, nil
}
