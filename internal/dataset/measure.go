// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"encoding/json"
	"math"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// measure says how one metric is read from a row of type R: exactly one of ints and doubles is set.
type measure[R any] struct {
	name       string
	kind       Kind
	attributes []string
	fields     []string
	ints       func(row *R, emit func(v uint64, attributes ...string))
	doubles    func(row *R, emit func(v float64, attributes ...string))
}

// withMeasures completes a dataset with its metrics and the function that reads them.
func withMeasures[R any](d Dataset, measures []measure[R]) *Dataset {
	for _, m := range measures {
		d.Metrics = append(d.Metrics, Metric{
			Name: m.name, Kind: m.kind, Double: m.doubles != nil, Attributes: m.attributes, Fields: m.fields,
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
		for i := range measures {
			if measures[i].kind == kind && want[i] {
				measures[i].emit(i, rows, emit)
			}
		}
		return len(rows), nil
	}
	return &d
}

func (m *measure[R]) emit(index int, rows []R, emit func(Point)) {
	for i := range rows {
		if m.ints != nil {
			m.ints(&rows[i], func(v uint64, attributes ...string) {
				emit(Point{Metric: index, Int: int64(min(v, math.MaxInt64)), Attributes: attributes})
			})
			continue
		}
		m.doubles(&rows[i], func(v float64, attributes ...string) {
			emit(Point{Metric: index, Double: v, Attributes: attributes})
		})
	}
}
