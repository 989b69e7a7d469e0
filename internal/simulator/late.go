// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import "errors"

// Lateness lets a share of all events become visible only some time after they happened, in every dataset alike. Which events
// are late, and by how much, depends on [Config.Seed] alone. Replacing it changes what is visible at once, of the past too.
type Lateness struct {
	Share      float64 `json:"share"` // 0 to 1
	MinSeconds float64 `json:"min_seconds"`
	MaxSeconds float64 `json:"max_seconds"`
}

func (l Lateness) validate() error {
	if !(l.MinSeconds >= 0 && l.MinSeconds <= l.MaxSeconds) {
		return errors.New("late: min_seconds must be between 0 and max_seconds")
	}
	return validateRates(l.Share)
}

// of returns how late an event is, in µs. The halves of its salt are two uniform numbers.
func (l Lateness) of(salt uint64) int64 {
	const half = 1 << 32
	if float64(salt>>32)/half >= l.Share {
		return 0
	}
	return int64((l.MinSeconds + (l.MaxSeconds-l.MinSeconds)*float64(uint32(salt))/half) * float64(second))
}

// shows tells whether an event can be read at an instant.
func (l Lateness) shows(at int64, salt uint64, now int64) bool {
	return at < now && (l.Share == 0 || at+l.of(salt) < now)
}
