// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import "time"

// steps remembers the widths of windows that worked, for the scopes whose windows had to be cut.
type steps map[stepKey]step

type stepKey struct{ dataset, scope string }

type step struct {
	width time.Duration
	until time.Time
}

// stepLifetime is how long a narrow window is kept to; then a wider one is tried again.
const stepLifetime = time.Hour

// learn notes that a window had to be cut to this width.
func (s steps) learn(dataset, scope string, width time.Duration, now time.Time) {
	s[stepKey{dataset, scope}] = step{width, now.Add(stepLifetime)}
}

// narrower is the width to plan with.
func (s steps) narrower(dataset, scope string, width time.Duration, now time.Time) time.Duration {
	key := stepKey{dataset, scope}
	learned, ok := s[key]
	if ok && !now.Before(learned.until) {
		delete(s, key)
		return width
	}
	if !ok {
		return width
	}
	return min(width, learned.width)
}
