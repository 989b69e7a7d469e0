// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// catalogue has the plans that include a metric by the metric's name in Prometheus, for all that are enabled by default. It is ""
// where plans have nothing to do with it.
type catalogue map[string]string

// readCatalogue reads metadata.yaml, whose extended_documentation has a bullet "- Plans: ….".
func readCatalogue(file string) (catalogue, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the caller says which
	if err != nil {
		return nil, err
	}
	var document struct {
		Metrics map[string]struct {
			Enabled               bool
			Unit                  string
			ExtendedDocumentation string    `yaml:"extended_documentation"`
			Sum                   yaml.Node // there for counters
		}
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	bullet := regexp.MustCompile(`(?m)^- Plans: (.*)\.$`)
	c := catalogue{}
	for name, m := range document.Metrics {
		if !m.Enabled {
			continue
		}
		plans := ""
		if found := bullet.FindStringSubmatch(m.ExtendedDocumentation); found != nil {
			plans = found[1]
		}
		c[prometheusName(name, m.Unit, !m.Sum.IsZero())] = plans
	}
	return c, nil
}

// prometheusName is what the strategy UnderscoreEscapingWithSuffixes makes of a name; the end-to-end tests hold it against
// Prometheus' own rules.
func prometheusName(name, unit string, counter bool) string {
	word := map[string]string{"By": "bytes", "s": "seconds", "min": "minutes"}[unit]
	name = strings.ReplaceAll(name, ".", "_")
	if word != "" && !slices.Contains(strings.Split(name, "_"), word) {
		name += "_" + word
	}
	if counter {
		name += "_total"
	}
	return name
}

// sources says what expressions read, and what it means that there is nothing.
func (c catalogue) sources(queries []query) (reads, absence string) {
	absence = "Empty: no receiver's data arrives."
	var list []string
	for _, name := range c.of(queries) {
		source := "`" + name + "`"
		if plans := c[name]; plans != "" {
			source += " (plans: " + plans + ")"
			absence = "Empty: there was none, or the plan, the token's permissions or the configuration leave it out."
		}
		list = append(list, source)
	}
	return "Reads " + strings.Join(list, ", ") + ".", absence
}

// of gives the receiver's metrics that expressions read, in their order.
func (c catalogue) of(queries []query) []string {
	var names []string
	for _, q := range queries {
		for _, word := range regexp.MustCompile(`[a-z][a-z0-9_]*`).FindAllString(q.expr, -1) {
			if _, ok := c[word]; ok && !slices.Contains(names, word) {
				names = append(names, word)
			}
		}
	}
	return names
}
