// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// filter is a dataset's filter argument: all conditions and all of and hold, and one of or, if there is any.
type filter struct {
	conditions []condition
	and, or    []filter
}

// condition compares one dimension with its operands.
type condition struct {
	dimension string
	kind      dimensionKind
	width     int64 // of the dimension's granule, µs; for dimensions of time
	operator  string
	operands  []value
}

// parseFilter reads a filter argument. Kinds tells what dimensions there are.
func parseFilter(argument any, dimensions map[string]dimensionInfo) (filter, error) {
	object, ok := argument.(map[string]any)
	if !ok {
		return filter{}, fmt.Errorf("filter must be an object, not %v", argument)
	}
	var f filter
	for name, operand := range object {
		if operand == nil {
			continue
		}
		if err := f.add(name, operand, dimensions); err != nil {
			return filter{}, err
		}
	}
	return f, nil
}

func (f *filter) add(name string, operand any, dimensions map[string]dimensionInfo) (err error) {
	switch name {
	case "AND":
		f.and, err = parseFilters(operand, dimensions)
		return err
	case "OR":
		f.or, err = parseFilters(operand, dimensions)
		return err
	}
	dimension, operator, _ := strings.Cut(name, "_")
	info, ok := dimensions[dimension]
	if !ok {
		return fmt.Errorf("unknown filter %q", name)
	}
	c := condition{dimension: dimension, kind: info.kind, width: info.width, operator: operator}
	for _, o := range asList(operand) {
		v, err := info.kind.parse(o)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		c.operands = append(c.operands, v)
	}
	if len(c.operands) != 1 && !slices.Contains([]string{"in", "notin", "hasany"}, operator) {
		return fmt.Errorf("%s takes one value", name)
	}
	f.conditions = append(f.conditions, c)
	return nil
}

func parseFilters(argument any, dimensions map[string]dimensionInfo) ([]filter, error) {
	var filters []filter
	for _, element := range asList(argument) {
		f, err := parseFilter(element, dimensions)
		if err != nil {
			return nil, err
		}
		filters = append(filters, f)
	}
	return filters, nil
}

// asList makes a list of a single value, as GraphQL does where a list is expected. Lists that come from variables
// may have an element type.
func asList(argument any) []any {
	v := reflect.ValueOf(argument)
	if v.Kind() != reflect.Slice {
		return []any{argument}
	}
	list := make([]any, v.Len())
	for i := range list {
		list[i] = v.Index(i).Interface()
	}
	return list
}

// accepts tells whether a dimension's value meets the condition.
func (c condition) accepts(v value) bool {
	switch c.operator {
	case "in", "has", "hasany":
		return slices.Contains(c.operands, v)
	case "notin", "nothas":
		return !slices.Contains(c.operands, v)
	case "like":
		return like(v.text, c.operands[0].text)
	case "notlike":
		return !like(v.text, c.operands[0].text)
	}
	order := v.compare(c.operands[0])
	switch c.operator {
	case "":
		return order == 0
	case "neq":
		return order != 0
	case "gt":
		return order > 0
	case "geq":
		return order >= 0
	case "lt":
		return order < 0
	case "leq":
		return order <= 0
	default:
		return false
	}
}

// like matches a pattern in which % stands for any text.
func like(text, pattern string) bool {
	parts := strings.Split(pattern, "%")
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return text == pattern
	}
	if !strings.HasPrefix(text, first) || !strings.HasSuffix(text[len(first):], last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}

// dimensions lists what a filter speaks of.
func (f filter) dimensions() []string {
	var names []string
	for _, c := range f.conditions {
		names = append(names, c.dimension)
	}
	for _, nested := range slices.Concat(f.and, f.or) {
		names = append(names, nested.dimensions()...)
	}
	return names
}

// canonical lists what a filter asks for besides times and zones, sorted: one text for each condition and each set of alternatives.
func (f filter) canonical() []string {
	var list []string
	for _, c := range f.conditions {
		if c.width == 0 && c.dimension != "zoneTag" {
			list = append(list, c.canonical())
		}
	}
	for _, and := range f.and {
		list = append(list, and.canonical()...)
	}
	var either []string
	for _, or := range f.or {
		either = append(either, strings.Join(or.canonical(), " and "))
	}
	slices.Sort(either)
	if either = slices.Compact(either); len(either) > 0 && either[0] != "" {
		list = append(list, "("+strings.Join(either, " or ")+")")
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// canonical writes a condition as a filter has it, with the values of a list in order.
func (c condition) canonical() string {
	values := make([]string, len(c.operands))
	for i, v := range c.operands {
		values[i] = fmt.Sprintf("%q", fmt.Sprint(c.kind.json(v)))
	}
	slices.Sort(values)
	name := c.dimension
	if c.operator != "" {
		name += "_" + c.operator
	}
	return name + ": " + strings.Join(values, ", ")
}

// span is a range of instants, [from, to).
type span struct{ from, to int64 }

func everything() span { return span{math.MinInt64, math.MaxInt64} }

func (s span) intersect(o span) span { return span{max(s.from, o.from), min(s.to, o.to)} }

func (s span) hull(o span) span { return span{min(s.from, o.from), max(s.to, o.to)} }

// span returns the time range that a filter asks for. With granules it is that of the granules accepted: a roll-up's row of
// 10:00 is before 10:00:30, and stands for events until 10:01.
func (f filter) span(granules bool) span {
	s := everything()
	for _, c := range f.conditions {
		s = s.intersect(c.span(granules))
	}
	for _, a := range f.and {
		s = s.intersect(a.span(granules))
	}
	if len(f.or) > 0 {
		either := f.or[0].span(granules)
		for _, o := range f.or[1:] {
			either = either.hull(o.span(granules))
		}
		s = s.intersect(either)
	}
	return s
}

func (c condition) span(granules bool) span {
	s := everything()
	if c.width == 0 || len(c.operands) == 0 {
		return s
	}
	least := slices.MinFunc(c.operands, value.compare).number
	most := slices.MaxFunc(c.operands, value.compare).number
	from, to := least, most // of the granules at or after the least and before the most
	if granules {
		from, to = -floorDiv(-least, c.width)*c.width, -floorDiv(-most, c.width)*c.width
		least, most = floorDiv(least, c.width)*c.width, floorDiv(most, c.width)*c.width
	}
	switch c.operator {
	case "", "in":
		return span{from, most + c.width}
	case "geq":
		s.from = from
	case "gt":
		s.from = least
		if granules {
			s.from += c.width
		}
	case "lt":
		s.to = to
	case "leq":
		s.to = most + c.width
	}
	return s
}

// value is the value of a dimension: a text, or a number that may be an instant in Unix microseconds.
type value struct {
	text   string
	number int64
}

func (v value) compare(o value) int {
	return cmp.Or(cmp.Compare(v.number, o.number), strings.Compare(v.text, o.text))
}

// appendTo appends what tells a value from others.
func (v value) appendTo(key []byte) []byte {
	key = binary.LittleEndian.AppendUint64(key, uint64(v.number))
	key = binary.AppendUvarint(key, uint64(len(v.text)))
	return append(key, v.text...)
}

// dimensionKind tells how a dimension's values are written.
type dimensionKind int

const (
	kindText dimensionKind = iota
	kindNumber
	kindInstant
	kindDay
)

// dimensionInfo is what a filter must know of a dimension.
type dimensionInfo struct {
	kind  dimensionKind
	width int64 // granule of a dimension of time, µs; else 0
	list  bool  // a list of one value, in an answer
}

// json returns what stands for a value in an answer.
func (i dimensionInfo) json(v value) any {
	if i.list {
		return []any{i.kind.json(v)}
	}
	return i.kind.json(v)
}

// parse reads a value of a filter.
func (k dimensionKind) parse(v any) (value, error) {
	text := fmt.Sprint(v)
	_, isText := v.(string)
	switch {
	case k == kindText && isText:
		return value{text: text}, nil
	case k == kindNumber && !isText:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return value{}, fmt.Errorf("%s is not a whole number", text)
		}
		return value{number: n}, nil
	case k == kindInstant && isText:
		return parseTime(time.RFC3339, text)
	case k == kindDay && isText:
		return parseTime(time.DateOnly, text)
	default:
		return value{}, fmt.Errorf("%v has the wrong type", v)
	}
}

func parseTime(layout, text string) (value, error) {
	t, err := time.Parse(layout, text)
	if err != nil {
		return value{}, fmt.Errorf("%q is not a time of the form %s", text, layout)
	}
	return value{number: t.UnixMicro()}, nil
}

// json returns what stands for a value in an answer.
func (k dimensionKind) json(v value) any {
	switch k {
	case kindNumber:
		return v.number
	case kindInstant:
		return time.UnixMicro(v.number).UTC().Format(time.RFC3339)
	case kindDay:
		return time.UnixMicro(v.number).UTC().Format(time.DateOnly)
	default:
		return v.text
	}
}
