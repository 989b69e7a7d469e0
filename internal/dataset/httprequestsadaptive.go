// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"strconv"
)

// httpAdaptive is one query of a zone's requests, by default those of visitors. Cloudflare counts a request for as many as
// its sample stands for (schema text), so nothing is multiplied.
func httpAdaptive(query, family, text string) Dataset {
	return zoneEvents("httpRequestsAdaptiveGroups."+query, family, text)
}

// where narrows a counter to the rows that one of their fields lets count.
func (m measure[R]) where(field string, counts func(*R) bool) measure[R] {
	every := m.ints
	m.fields, m.conditions = append(m.fields, field), []string{field}
	m.ints = func(r *R, emit func(uint64, ...string)) {
		if counts(r) {
			every(r, emit)
		}
	}
	return m
}

// milliseconds is the unit of fields that end in Ms.
const milliseconds = 1e-3

// meanTime is a gauge of an average in seconds. It is 0 where there was nothing to take the average of (schema text).
func meanTime[R any](name, field string, attributes []Attribute, value func(*R) float64, values func(*R) []string) measure[R] {
	return measure[R]{
		name: name, kind: Gauge, attributes: attributes, fields: []string{"avg." + field},
		doubles: func(r *R, emit func(float64, ...string)) {
			if v := value(r); v > 0 {
				emit(v*milliseconds, values(r)...)
			}
		},
	}
}

// timeQuantiles are those of a time in milliseconds, in seconds.
func timeQuantiles[R any](name, field string, attributes []Attribute, value func(*R) []float64, values func(*R) []string) measure[R] {
	return quantiles(name, field, []string{"P50", "P95", "P99"}, milliseconds, attributes, value, values)
}

// share is a gauge of what part of all rows' events the first number is, of the second; absent where there are none.
func share[R any](name string, fields []string, count func(*R) (part, all float64)) measure[R] {
	return measure[R]{
		name: name, kind: Gauge, fields: fields,
		across: func(rows []R, emit func(float64, ...string)) {
			var part, all float64
			for i := range rows {
				p, a := count(&rows[i])
				part, all = part+p, all+a
			}
			if all > 0 {
				emit(part / all)
			}
		},
	}
}

// statusText is a status code as attributes have it.
func statusText(status uint16) string { return strconv.FormatUint(uint64(status), 10) }
