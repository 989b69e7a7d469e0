// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// bullets are what matters of a metric's extended documentation.
type bullets struct{ source, otherwise string }

// parseBullets reads an extended documentation. Lines that are no bullets are prose.
func parseBullets(text string) (bullets, error) {
	var found bullets
	for line := range strings.Lines(text) {
		bullet, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "- ")
		if !ok {
			continue
		}
		key, value, _ := strings.Cut(bullet, ": ")
		into := map[string]*string{"Source": &found.source, "Otherwise": &found.otherwise}[key]
		switch {
		case into != nil && *into != "":
			return bullets{}, fmt.Errorf("there are two bullets %q", key)
		case into != nil:
			*into = value
		case !slices.Contains([]string{"Permission", "Plans", "Replaces", "Note"}, key):
			return bullets{}, fmt.Errorf("unknown bullet %q: use Source, Otherwise, Permission, Plans, Replaces or Note", key)
		}
	}
	if found.otherwise != "" && (found.source == "" || strings.HasPrefix(found.source, "derived from ")) {
		return bullets{}, errors.New("an Otherwise needs a Source that is not derived")
	}
	return found, nil
}

// parseSource reads the text of a Source or Otherwise bullet.
func parseSource(text string) (source, error) {
	s := source{divisor: 1, attributes: map[string][]string{}}
	p := &scanner{rest: text}
	s.Query = p.quoted("the query")
	s.Dataset, _, _ = strings.Cut(s.Query, ".")
	if p.take(" at ") {
		s.Scope = p.oneOf("zone", "account")
		p.expect(" scope")
	}
	p.expect(": ")
	s.setMeasure(p)
	if p.take(" by ") {
		s.addAttribute(p)
		for p.ahead(", `") {
			p.expect(", ")
			s.addAttribute(p)
		}
	}
	if p.take(", where ") {
		s.Where = map[string]any{}
		s.addCondition(p)
		for p.take(", ") {
			s.addCondition(p)
		}
	}
	p.expect(".")
	if p.err == nil && p.rest != "" {
		p.fail("nothing after the full stop")
	}
	if p.err != nil {
		return source{}, fmt.Errorf("%q: %w", text, p.err)
	}
	return s, nil
}

func (s *source) setMeasure(p *scanner) {
	measure, divisor, divided := strings.Cut(p.quoted("the measure"), " / ")
	s.Measure = measure
	if !divided {
		return
	}
	n, err := strconv.ParseFloat(divisor, 64)
	if err != nil || n <= 0 {
		p.fail(fmt.Sprintf("a positive number after / and not %q", divisor))
	}
	s.divisor = n
}

func (s *source) addAttribute(p *scanner) {
	dimension := p.quoted("a dimension")
	p.expect(" as ")
	names := []string{p.quoted("an attribute")}
	for p.take(" and ") {
		names = append(names, p.quoted("an attribute"))
	}
	s.Dimensions = append(s.Dimensions, dimension)
	s.attributes[dimension] = names
}

func (s *source) addCondition(p *scanner) {
	condition := p.quoted("a condition")
	name, text, _ := strings.Cut(condition, ": ")
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		p.fail(fmt.Sprintf("a condition such as `requestSource: \"eyeball\"` and not %q", condition))
		return
	}
	s.Where[name] = value
}

// scanner reads a text from left to right, until something is wrong.
type scanner struct {
	rest string
	err  error
}

func (p *scanner) ahead(text string) bool { return p.err == nil && strings.HasPrefix(p.rest, text) }

func (p *scanner) take(text string) bool {
	if !p.ahead(text) {
		return false
	}
	p.rest = p.rest[len(text):]
	return true
}

func (p *scanner) expect(text string) {
	if !p.take(text) {
		p.fail(fmt.Sprintf("%q", text))
	}
}

// quoted reads what is between backquotes.
func (p *scanner) quoted(what string) string {
	end := -1
	if p.ahead("`") {
		end = strings.IndexByte(p.rest[1:], '`')
	}
	if end < 1 {
		p.fail(what + " in backquotes")
		return ""
	}
	text := p.rest[1 : end+1]
	p.rest = p.rest[end+2:]
	return text
}

func (p *scanner) oneOf(words ...string) string {
	for _, word := range words {
		if p.take(word) {
			return word
		}
	}
	p.fail("one of " + strings.Join(words, ", "))
	return ""
}

// fail remembers the first thing that is wrong.
func (p *scanner) fail(wanted string) {
	if p.err == nil {
		p.err = fmt.Errorf("want %s at %q", wanted, p.rest)
	}
}
