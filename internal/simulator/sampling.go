// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"errors"
	"maps"
	"strings"
)

// Sampling makes answers of adaptive datasets estimates, as Cloudflare's are: the larger a query, the fewer events are looked at,
// and counts and sums are scaled up, so that they are multiples of the sample interval. Each reading draws a sample of its
// own. Averages, maxima and quantiles are those of the sample. The zero value samples nothing.
type Sampling struct {
	TenAbove     int `json:"ten_above"`     // events matched above which one in ten is looked at; zero is never
	HundredAbove int `json:"hundred_above"` // likewise, one in a hundred
}

func (s Sampling) validate() error {
	if s.TenAbove < 0 || s.HundredAbove < 0 {
		return errors.New("sampling: ten_above and hundred_above must not be negative")
	}
	return nil
}

// interval returns one in how many events are looked at.
func (s Sampling) interval(events int) int {
	switch {
	case s.HundredAbove > 0 && events > s.HundredAbove:
		return 100
	case s.TenAbove > 0 && events > s.TenAbove:
		return 10
	default:
		return 1
	}
}

// sampled tells whether an event is in the sample that a draw makes.
func sampled(salt, draw uint64, interval int) bool {
	return mix(salt^draw)%uint64(interval) == 0
}

// scaled is the dataset over a sample.
func (d dataset[E]) scaled(interval int) dataset[E] {
	if interval == 1 {
		return d
	}
	measures := maps.Clone(d.measures)
	for name, m := range d.measures {
		if name == "count" || strings.HasPrefix(name, "sum_") {
			measures[name] = m.times(interval)
		}
	}
	measures["avg_sampleInterval"] = func([]*E) any { return float64(interval) }
	d.measures = measures
	if own, ok := d.dimensions["sampleInterval"]; ok {
		d.dimensions = maps.Clone(d.dimensions)
		own.of = func(*E) value { return value{number: int64(interval)} }
		d.dimensions["sampleInterval"] = own
	}
	return d
}

// times scales a measure up.
func (m measure[E]) times(factor int) measure[E] {
	return func(rows []*E) any {
		switch n := m(rows).(type) {
		case uint64:
			return n * uint64(factor)
		case float64:
			return n * float64(factor)
		default:
			return n
		}
	}
}
