// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"hash/fnv"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// derive adds to a dataset what the schema has and the dataset does not. A dimension's value is drawn from a pool, and a
// quantity from a range, by the event's salt and the field's name: the same field of the same event has the same value in
// every answer, and fields of the same name under sum, avg, max and quantiles tell of the same quantity.
func derive[E timed](d dataset[E], t rowType) dataset[E] {
	d.raw = t.raw
	d.dimensions, d.measures, d.breakdowns = copied(d.dimensions), copied(d.measures), copied(d.breakdowns)
	for _, scalars := range []map[string]scalar{t.dimensions, t.filters} {
		for name, s := range scalars {
			if _, ok := d.dimensions[name]; !ok {
				d.dimensions[name] = derivedDimension[E](name, s, rollUp(d.name))
			}
		}
	}
	for name, s := range t.measures {
		own, ok := d.measures[name]
		if !ok {
			own = derivedMeasure[E](name, s)
		}
		d.measures[name] = own.as(s)
	}
	for name, leaves := range t.lists {
		if _, ok := d.breakdowns[name]; !ok {
			d.breakdowns[name] = derivedBreakdown[E](name, leaves)
		}
	}
	return d
}

func copied[V any](m map[string]V) map[string]V {
	own := maps.Clone(m)
	if own == nil {
		own = map[string]V{}
	}
	return own
}

func derivedDimension[E timed](name string, s scalar, own int64) dimension[E] {
	switch s.name {
	case "Time", "Date":
		info := dimensionInfo{kind: kindInstant, width: timeWidth(name, own)}
		if s.name == "Date" {
			info = dimensionInfo{kind: kindDay, width: 24 * 60 * minute}
		}
		return dimension[E]{info, func(e *E) value {
			at, _ := (*e).stamp()
			return value{number: floorDiv(at, info.width) * info.width}
		}}
	case "string":
		return dimension[E]{dimensionInfo{kind: kindText, list: s.list}, derivedText[E](name)}
	default:
		return dimension[E]{dimensionInfo{kind: kindNumber, list: s.list}, derivedNumber[E](name, s)}
	}
}

func derivedText[E timed](name string) func(*E) value {
	hash, pool := hashed(name), textPool(name)
	return func(e *E) value { return value{text: pool[drawn(e, hash)%uint64(len(pool))]} }
}

func derivedNumber[E timed](name string, s scalar) func(*E) value {
	hash, pool := hashed(name), numberPool(name, s)
	return func(e *E) value { return value{number: pool[drawn(e, hash)%uint64(len(pool))]} }
}

// drawn is a random number that an event and a field's name decide.
func drawn[E timed](e *E, hash uint64) uint64 {
	_, salt := (*e).stamp()
	return mix(salt ^ hash)
}

func hashed(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}

// derivedMeasure makes a measure of its flattened name.
func derivedMeasure[E timed](name string, s scalar) measure[E] {
	group, leaf, _ := strings.Cut(name, "_")
	base, q := quantileOf(leaf)
	of := derivedQuantity[E](base, s)
	switch {
	case s.list:
		return func([]*E) any { return []any{} }
	case name == "count":
		return sum(one[E])
	case leaf == "sampleInterval":
		return mean(oneFloat[E])
	case s.name == "Time" || s.name == "string":
		return lastOf(derivedDimension[E](leaf, s, second))
	}
	switch group {
	case "sum":
		return sumFloat(of)
	case "max", "aggMax":
		return highest(of)
	case "min":
		return lowest(of)
	case "quantiles":
		return quantile(q, of)
	case "uniq":
		return distinct(derivedNumber[E](leaf, s))
	case "ratio":
		return mean(derivedShare[E](leaf))
	default:
		return mean(of)
	}
}

// derivedShare is 1 for one event in four.
func derivedShare[E timed](name string) func(*E) float64 {
	hash := hashed(name)
	return func(e *E) float64 {
		if drawn(e, hash)%4 == 0 {
			return 1
		}
		return 0
	}
}

// quantileOf takes the number from the end of a name such as cpuTimeP999.
func quantileOf(leaf string) (base string, q float64) {
	found := regexp.MustCompile(`^(.+)P(\d+)$`).FindStringSubmatch(leaf)
	if found == nil {
		return leaf, 0
	}
	q, _ = strconv.ParseFloat("0."+found[2], 64)
	return found[1], q
}

// derivedQuantity gives each event an amount: whole where the schema wants it so, else a multiple of 1/8, so that sums do not
// depend on their order.
func derivedQuantity[E timed](name string, s scalar) func(*E) float64 {
	hash, pool := hashed(name), quantityPools()[name]
	return func(e *E) float64 {
		x := drawn(e, hash)
		if len(pool) > 0 && !s.whole() {
			return pool[x%uint64(len(pool))]
		}
		if s.whole() {
			return float64(x % 8000 / 8)
		}
		return float64(x%8000) / 8
	}
}

// derivedBreakdown is a list with an element for each value of its first text, or of its first field if it has none.
func derivedBreakdown[E timed](name string, leaves []field) breakdown[E] {
	key := leaves[max(0, slices.IndexFunc(leaves, func(f field) bool { return f.scalar.name == "string" }))]
	keyDimension := derivedDimension[E](key.name, key.scalar, second)
	b := breakdown[E]{
		key: key.name, kind: keyDimension.kind, measures: map[string]measure[E]{},
		of: func(e *E) (value, bool) { return keyDimension.of(e), true },
	}
	summed := strings.HasPrefix(name, "sum_")
	for _, leaf := range leaves {
		switch {
		case leaf.name == key.name:
		case summed && leaf.name == "requests":
			b.measures[leaf.name] = sum(one[E])
		case summed:
			b.measures[leaf.name] = derivedMeasure[E]("sum_"+leaf.name, leaf.scalar).as(leaf.scalar)
		default:
			b.measures[leaf.name] = lastOf(derivedDimension[E](leaf.name, leaf.scalar, second))
		}
	}
	return b
}

// lastOf is what a dimension is in the last event.
func lastOf[E any](d dimension[E]) measure[E] {
	return func(rows []*E) any { return d.json(d.of(rows[len(rows)-1])) }
}

func lowest[E any](of func(*E) float64) measure[E] {
	opposite := highest(func(e *E) float64 { return -of(e) })
	return func(rows []*E) any { return -opposite(rows).(float64) } //nolint:errcheck // that is what highest gives
}

func distinct[E any](of func(*E) value) measure[E] {
	return func(rows []*E) any {
		seen := map[value]bool{}
		for _, e := range rows {
			seen[of(e)] = true
		}
		return uint64(len(seen))
	}
}

// as gives a measure's numbers the type that the schema has for them. Averages of whole numbers are cut off.
func (m measure[E]) as(s scalar) measure[E] {
	return func(rows []*E) any {
		n := m(rows)
		x, isFloat := n.(float64)
		switch {
		case isFloat && s.whole():
			return uint64(x)
		case isFloat && s.name == "float32":
			return float32(x)
		default:
			return n
		}
	}
}

// numeric is the value of a measure: floats of 32 bits are what a reader of the answer makes of them.
func numeric(n any) (x float64, whole uint64) {
	switch n := n.(type) {
	case uint64:
		return float64(n), n
	case float64:
		return n, 0
	case float32:
		x, _ = strconv.ParseFloat(strconv.FormatFloat(float64(n), 'g', -1, 32), 64)
		return x, 0
	case int64:
		return float64(n), uint64(max(n, 0))
	case string:
		at, err := time.Parse(time.RFC3339, n)
		if err != nil {
			return 0, 0
		}
		return float64(at.Unix()), 0
	default:
		return 0, 0
	}
}
