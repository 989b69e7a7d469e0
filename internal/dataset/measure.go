// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// measure says how one metric is read from rows of type R: exactly one of ints, doubles, across and acrossInts is set.
// Values of attributes are emitted in the order of attributes.
type measure[R any] struct {
	name       string
	kind       Kind
	attributes []Attribute
	// fields are the leaf fields that are read besides those of attributes.
	fields []string
	// conditions are those of fields that decide whether a row counts at all.
	conditions []string

	ints    func(row *R, emit func(v uint64, attributes ...string))
	doubles func(row *R, emit func(v float64, attributes ...string))
	// across and acrossInts read a gauge that is no row's own, such as a ratio of sums over rows or a number of names.
	across     func(rows []R, emit func(v float64, attributes ...string))
	acrossInts func(rows []R, emit func(v uint64, attributes ...string))
}

// whole says that values are integers.
func (m *measure[R]) whole() bool { return m.ints != nil || m.acrossInts != nil }

// by is an attribute that is the value of a dimension.
func by(name, dimension string) Attribute {
	return Attribute{Name: name, Field: "dimensions." + dimension}
}

// byStatus is an attribute that is an HTTP status code.
func byStatus(name, dimension string) Attribute {
	return Attribute{Name: name, Field: "dimensions." + dimension, StatusCode: true}
}

// counted is a counter that is one field of a row, with the row's attributes. A row that counts nothing makes no series.
func counted[R any](name, field string, attributes []Attribute, value func(*R) uint64, values func(*R) []string) measure[R] {
	return measure[R]{
		name: name, attributes: attributes, fields: []string{field},
		ints: func(r *R, emit func(uint64, ...string)) {
			if v := value(r); v > 0 {
				emit(v, values(r)...)
			}
		},
	}
}

// measured is a gauge that is one field of a row, with the row's attributes.
func measured[R any](name, field string, attributes []Attribute, value func(*R) float64, values func(*R) []string) measure[R] {
	return measure[R]{
		name: name, kind: Gauge, attributes: attributes, fields: []string{field},
		doubles: func(r *R, emit func(float64, ...string)) { emit(value(r), values(r)...) },
	}
}

// quantiles is a gauge with a value for each quantile of a row, named P50 and so on, in the field's unit times factor. Nothing was
// measured where all of them are 0.
func quantiles[R any](name, field string, names []string, factor float64, attributes []Attribute,
	value func(*R) []float64, values func(*R) []string,
) measure[R] {
	var fields []string
	for _, q := range names {
		fields = append(fields, "quantiles."+field+q)
	}
	return measure[R]{
		name: name, kind: Gauge, fields: fields,
		attributes: append(slices.Clip(attributes), Attribute{Name: "quantile"}),
		doubles: func(r *R, emit func(float64, ...string)) {
			list := value(r)
			if !slices.ContainsFunc(list, func(v float64) bool { return v != 0 }) {
				return
			}
			for i, v := range list {
				emit(v*factor, append(values(r), names[i])...)
			}
		},
	}
}

// withMeasures completes a dataset with its metrics and the function that reads them.
func withMeasures[R any](d Dataset, measures []measure[R]) *Dataset {
	for i := range measures {
		m := &measures[i]
		d.Metrics = append(d.Metrics, Metric{
			Name: m.name, Kind: m.kind, Double: !m.whole(), Attributes: m.attributes, Fields: m.fields, Conditions: m.conditions,
		})
	}
	d.read = func(raw json.RawMessage, kind Kind, want []bool, emit func(Point)) (int, error) {
		rows, err := cloudflare.DecodeRows[R](raw)
		if err != nil {
			return 0, err
		}
		if d.oneRow && len(rows) == 0 {
			rows = make([]R, 1)
		}
		var points []Point
		for i := range measures {
			if measures[i].kind == kind && want[i] {
				measures[i].emit(i, rows, func(p Point) { points = append(points, p) })
			}
		}
		if kind == Counter && slices.ContainsFunc(points, impossible) {
			return 0, errImpossible
		}
		for _, p := range points {
			emit(p)
		}
		return len(rows), nil
	}
	return &d
}

var errImpossible = &cloudflare.Error{
	Class: cloudflare.ClassMalformed, Kind: cloudflare.KindGraphQL, Message: "a count is negative or too large to be one",
}

// impossible says that a value cannot be a number of events.
func impossible(p Point) bool {
	return p.Int < 0 || p.Double < 0 || math.IsNaN(p.Double) || math.IsInf(p.Double, 0)
}

func (m *measure[R]) emit(index int, rows []R, emit func(Point)) {
	double := func(v float64, attributes ...string) {
		emit(Point{Metric: index, Double: v, Attributes: attributes})
	}
	whole := func(v uint64, attributes ...string) {
		emit(Point{Metric: index, Int: int64(v), Attributes: attributes})
	}
	switch {
	case m.across != nil:
		m.across(rows, double)
	case m.acrossInts != nil:
		m.acrossInts(rows, whole)
	case m.ints != nil:
		for i := range rows {
			m.ints(&rows[i], whole)
		}
	default:
		for i := range rows {
			m.doubles(&rows[i], double)
		}
	}
}
