// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parseQuery reads a node's arguments.
func parseQuery(n *node, f *selected, arguments map[string]any) (query, *queryError) {
	q := query{fields: f.nested}
	var err error
	if q.filter, err = parseFilter(arguments["filter"], n.dimensions); err != nil {
		return q, errArguments(n.name, err.Error())
	}
	if q.limit, err = parseCount(arguments["limit"]); err != nil {
		return q, errArguments(n.name, "limit: "+err.Error())
	}
	if q.order, err = parseOrder(arguments["orderBy"]); err != nil {
		return q, errArguments(n.name, err.Error())
	}
	return q, nil
}

// parseCount reads a uint64. A negative one is 0, which every limit refuses.
func parseCount(argument any) (uint64, error) {
	switch n := argument.(type) {
	case int64:
		return uint64(max(n, 0)), nil
	case json.Number:
		if strings.HasPrefix(n.String(), "-") {
			return 0, nil
		}
		count, err := strconv.ParseUint(n.String(), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s is not a whole number", n)
		}
		return count, nil
	default:
		return 0, fmt.Errorf("%v is not a number", argument)
	}
}

func parseOrder(argument any) ([]orderTerm, error) {
	if argument == nil {
		return nil, nil
	}
	var order []orderTerm
	for _, term := range asList(argument) {
		text, _ := term.(string)
		field, descending := strings.CutSuffix(text, "_DESC")
		ascending := false
		if !descending {
			field, ascending = strings.CutSuffix(text, "_ASC")
		}
		if !ascending && !descending {
			return nil, fmt.Errorf("orderBy: %v ends neither in _ASC nor in _DESC", term)
		}
		order = append(order, orderTerm{field, descending})
	}
	return order, nil
}

// admit holds a query against what its scope is entitled to, and cuts its span to what exists. An open end is
// closed at the clock.
func (e *execution) admit(q *query, n *node) *queryError {
	granted := e.simulator.entitlement(q.scope, n, e.world.grantAt(q.scope, e.now))
	if !granted.Enabled {
		return errNoAccess(q.scope)
	}
	if err := admitFields(q, n, granted); err != nil {
		return err
	}
	if q.limit == 0 || q.limit > uint64(granted.MaxPageSize) {
		return errLimit(granted.MaxPageSize)
	}
	return e.admitSpan(q, granted)
}

// admitFields checks the fields selected and filtered by, by the flattened names that settings have for them. What counts as one
// field of a breakdown is the breakdown.
func admitFields(q *query, n *node, granted entitlement) *queryError {
	used := map[string]bool{}
	flatten(used, "", q.fields)
	for _, field := range n.fields {
		if used[field] && !slices.Contains(granted.AvailableFields, field) {
			return errNoFieldAccess(q.scope, field[strings.LastIndex(field, "_")+1:])
		}
	}
	for _, dimension := range q.filter.dimensions() {
		if field := n.field(dimension); !slices.Contains(granted.AvailableFields, field) {
			return errNoFieldAccess(q.scope, dimension)
		}
	}
	count := int64(0)
	for field := range used {
		depth := strings.Count(field, "_")
		if n.raw && depth == 0 || !n.raw && (depth == 1 || field == "count") {
			count++
		}
	}
	if count > granted.MaxNumberOfFields {
		return errTooManyFields(granted.MaxNumberOfFields)
	}
	return nil
}

func flatten(names map[string]bool, prefix string, fields []*selected) {
	for _, f := range fields {
		if f.name() != "__typename" {
			names[prefix+f.name()] = true
			flatten(names, prefix+f.name()+"_", f.nested)
		}
	}
}

// admitSpan checks age and width of a query's time range. Without a lower bound it reaches back to 1970, which is too
// old for any dataset.
func (e *execution) admitSpan(q *query, granted entitlement) *queryError {
	asked := q.filter.span(false)
	now := e.now.UnixMicro()
	if asked.from == math.MinInt64 {
		asked.from = 0
	}
	if asked.to == math.MaxInt64 {
		asked.to = max(now, asked.from)
	}
	oldest, widest := time.Duration(granted.NotOlderThan)*time.Second, time.Duration(granted.MaxDuration)*time.Second
	if age := micros(now - asked.from); age > oldest {
		return errTooOld(q.scope, oldest, age)
	}
	if width := micros(asked.to - asked.from); width > widest {
		return errTooWide(q.scope, widest, width)
	}
	q.asked = asked
	q.span = q.filter.span(true).intersect(span{math.MinInt64, now})
	return nil
}

// micros makes a duration of microseconds; centuries become the longest there is.
func micros(n int64) time.Duration {
	return time.Duration(min(n, math.MaxInt64/int64(time.Microsecond))) * time.Microsecond
}
