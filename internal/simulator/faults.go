// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
)

// Faults is what goes wrong at the moment. The zero value is a healthy API.
type Faults struct {
	REST       Fault `json:"rest"`
	GraphQL    Fault `json:"graphql"`
	NoAccounts bool  `json:"no_accounts"` // REST lists no accounts
	NoZones    bool  `json:"no_zones"`    // REST lists no zones
	EmptyZones bool  `json:"empty_zones"` // GraphQL answers zones: [] without an error
}

// Fault is what goes wrong with one kind of request. Several may be set; the first in the order of the fields wins.
type Fault struct {
	Hang              bool    `json:"hang"`                // answers never come
	Unauthorized      bool    `json:"unauthorized"`        // the token was revoked
	RateLimited       bool    `json:"rate_limited"`        // answers are 429
	RetryAfterSeconds int     `json:"retry_after_seconds"` // of these 429s; zero sends no header
	ServerErrorRate   float64 `json:"server_error_rate"`   // share of answers that are 500, 0 to 1
	MalformedRate     float64 `json:"malformed_rate"`      // share of answers that break off in the middle, 0 to 1
}

func (f Faults) validate() error {
	for _, fault := range []Fault{f.REST, f.GraphQL} {
		for _, rate := range []float64{fault.ServerErrorRate, fault.MalformedRate} {
			if !(rate >= 0 && rate <= 1) {
				return errors.New("a rate must be between 0 and 1")
			}
		}
		if fault.RetryAfterSeconds < 0 {
			return errors.New("retry_after_seconds must not be negative")
		}
	}
	return nil
}

// faultState holds the faults in force, and the dice for those that come at a rate: the nth roll is the same in every
// run with the same seed.
type faultState struct {
	mu     sync.Mutex
	faults Faults
	dice   *rand.Rand
}

func newFaultState(seed uint64) *faultState {
	return &faultState{dice: seeded(seed, "faults", "", 0)}
}

func (f *faultState) get() Faults {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faults
}

func (f *faultState) set(faults Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = faults
}

func (f *faultState) strikes(rate float64) bool {
	if rate <= 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dice.Float64() < rate
}

// interfere answers in place of the API if a fault says so, and tells whether it did.
func (s *Simulator) interfere(ctx context.Context, w http.ResponseWriter, fault Fault, k kind) bool {
	switch {
	case fault.Hang:
		s.hang(ctx)
		panic(http.ErrAbortHandler)
	case fault.Unauthorized:
		writeEnvelopeError(w, errInvalidToken())
	case fault.RateLimited:
		if fault.RetryAfterSeconds > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(fault.RetryAfterSeconds))
		}
		s.writeRateLimited(w, k)
	case s.faults.strikes(fault.ServerErrorRate):
		writeEnvelopeError(w, errInternal())
	default:
		return false
	}
	return true
}

// hang returns when the client has gone away or the simulator is closed.
func (s *Simulator) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.closed:
	}
}
