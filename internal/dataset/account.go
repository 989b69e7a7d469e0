// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import "time"

// accountPermission is what the account's analytics need, whichever product they are of.
const accountPermission = "Account > Account Analytics: Read"

// accountEvents is an account's dataset of single events with the time of each.
func accountEvents(name, family, text string) Dataset {
	return Dataset{
		Name:        name,
		Family:      family,
		Granularity: time.Minute,
		Resolution:  time.Second,
		Step:        15 * time.Minute,
		Permission:  accountPermission,
		text:        text,
	}
}

// counted is a counter that is one field of a row, with the row's attributes.
func counted[R any](name, field string, attributes []Attribute, value func(*R) uint64, values func(*R) []string) measure[R] {
	return measure[R]{
		name: name, attributes: attributes, fields: []string{field},
		ints: func(r *R, emit func(uint64, ...string)) { emit(value(r), values(r)...) },
	}
}

// measured is a gauge that is one field of a row, with the row's attributes.
func measured[R any](name, field string, attributes []Attribute, value func(*R) float64, values func(*R) []string) measure[R] {
	return measure[R]{
		name: name, kind: Gauge, attributes: attributes, fields: []string{field},
		doubles: func(r *R, emit func(float64, ...string)) { emit(value(r), values(r)...) },
	}
}
