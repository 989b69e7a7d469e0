// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"encoding/json"
	"slices"
)

// Without is the dataset without some attributes. Its rows are not grouped by dimensions that nothing else needs. Gauges keep an
// attribute whose dimension another gauge reads: rows stay grouped by it then, and their values cannot be merged.
func (d *Dataset) Without(names []string) *Dataset {
	if len(names) == 0 {
		return d
	}
	view := *d
	view.Metrics = slices.Clone(d.Metrics)
	kept := make([][]int, len(d.Metrics)) // indices of attributes
	for i, m := range d.Metrics {
		view.Metrics[i].Attributes = nil
		for n, a := range m.Attributes {
			if slices.Contains(names, a.NamedBy) {
				a.NamedBy = ""
			}
			grouped := m.Kind == Gauge && slices.ContainsFunc(d.Metrics, func(other Metric) bool {
				return other.Kind == Gauge && slices.Contains(other.Fields, a.Field)
			})
			if a.Field == "" || grouped || !slices.Contains(names, a.Name) {
				kept[i] = append(kept[i], n)
				view.Metrics[i].Attributes = append(view.Metrics[i].Attributes, a)
			}
		}
	}
	return view.mapping(d, func(p Point) Point {
		values := make([]string, len(kept[p.Metric]))
		for i, n := range kept[p.Metric] {
			values[i] = p.Attributes[n]
		}
		p.Attributes = values
		return p
	})
}

// ByStatusClass is the dataset with counters by class of status, such as 2xx, instead of by status code. Gauges stay:
// neither averages nor quantiles of several statuses can be made from those of each.
func (d *Dataset) ByStatusClass() *Dataset {
	view := *d
	view.Metrics = slices.Clone(d.Metrics)
	folded := false
	for i := range view.Metrics {
		m := &view.Metrics[i]
		m.Attributes = slices.Clone(m.Attributes)
		for n := range m.Attributes {
			m.Attributes[n].Class = m.Kind == Counter && m.Attributes[n].StatusCode
			folded = folded || m.Attributes[n].Class
		}
	}
	if !folded {
		return d
	}
	return view.mapping(d, func(p Point) Point {
		for n, a := range view.Metrics[p.Metric].Attributes {
			if a.Class {
				p.Attributes[n] = StatusClass(p.Attributes[n])
			}
		}
		return p
	})
}

// StatusClass folds a status code to its class: 404 to 4xx. Anything else stays what it is.
func StatusClass(status string) string {
	if len(status) == 3 && status[0] >= '1' && status[0] <= '9' {
		return status[:1] + "xx"
	}
	return status
}

// mapping has the view read what the original reads, with each point mapped.
func (d *Dataset) mapping(original *Dataset, each func(Point) Point) *Dataset {
	d.read = func(raw json.RawMessage, kind Kind, want []bool, emit func(Point)) (int, error) {
		return original.read(raw, kind, want, func(p Point) { emit(each(p)) })
	}
	return d
}
