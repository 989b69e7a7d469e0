// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// Faults is what goes wrong at the moment. The zero value is a healthy API.
//
// What comes at a rate is decided by one generator, seeded by [Config.Seed], in the order of the requests: a client that asks
// one thing after another meets the same faults in every run, and goes on where the generator stands when faults are replaced.
// Requests that come at once share the generator in the order in which they happen to arrive.
type Faults struct {
	REST       Fault `json:"rest"`
	GraphQL    Fault `json:"graphql"`
	NoAccounts bool  `json:"no_accounts"` // REST lists no accounts
	NoZones    bool  `json:"no_zones"`    // REST lists no zones
	EmptyZones bool  `json:"empty_zones"` // GraphQL answers zones: [] without an error

	Answers            AnswerFaults `json:"answers,omitzero"`
	Outages            []Outage     `json:"outages,omitempty"`
	ClockSkewSeconds   float64      `json:"clock_skew_seconds,omitzero"`   // of Date headers; negative is behind
	ClockJumpSeconds   float64      `json:"clock_jump_seconds,omitzero"`   // each Date is off by up to that much more, either way
	SettingsLagSeconds float64      `json:"settings_lag_seconds,omitzero"` // how long settings show what was granted before
	Late               Lateness     `json:"late,omitzero"`
	Sampling           Sampling     `json:"sampling,omitzero"`
}

// Fault is what goes wrong with one kind of request. Several may be set; the first in the order of the fields wins,
// except that latency is added to whatever else happens. Rates are shares of requests, 0 to 1.
type Fault struct {
	Hang              bool    `json:"hang"`                // answers never come
	Unauthorized      bool    `json:"unauthorized"`        // the token was revoked
	RateLimited       bool    `json:"rate_limited"`        // answers are 429
	RetryAfterSeconds int     `json:"retry_after_seconds"` // of all 429s that are faults; zero sends no header
	ServerErrorRate   float64 `json:"server_error_rate"`   // answers that are 500
	MalformedRate     float64 `json:"malformed_rate"`      // answers whose JSON stops in the middle, sent as if that were all

	HangRate             float64 `json:"hang_rate,omitzero"`
	RateLimitedRate      float64 `json:"rate_limited_rate,omitzero"`
	RetryAfterShare      float64 `json:"retry_after_share,omitzero"` // of 429s that do have the header; zero is all of them
	UnavailableRate      float64 `json:"unavailable_rate,omitzero"`  // answers that are 503, with each of Cloudflare's texts
	ResetRate            float64 `json:"reset_rate,omitzero"`        // connections reset before an answer
	TruncatedRate        float64 `json:"truncated_rate,omitzero"`    // answers whose connection ends in the middle of the body
	LatencySeconds       float64 `json:"latency_seconds,omitzero"`
	LatencyJitterSeconds float64 `json:"latency_jitter_seconds,omitzero"` // added to it, uniform from 0 to this
}

// AnswerFaults is what goes wrong inside GraphQL answers with HTTP status 200. Rates are shares of answers, 0 to 1; the first
// in the order of the fields wins.
type AnswerFaults struct {
	HeavyNodes   int `json:"heavy_nodes,omitzero"`   // scopes × nodes above which a document takes excessive resources; zero is no bound
	HeavyMinutes int `json:"heavy_minutes,omitzero"` // likewise: minutes asked for, summed over scopes × nodes

	ErrorRate        float64 `json:"error_rate,omitzero"`         // errors that a later try does not have, and data: null
	BudgetRate       float64 `json:"budget_rate,omitzero"`        // each of Cloudflare's texts for a spent budget
	NullRate         float64 `json:"null_rate,omitzero"`          // neither data nor errors
	EmptyZonesRate   float64 `json:"empty_zones_rate,omitzero"`   // zones: []
	MissingFieldRate float64 `json:"missing_field_rate,omitzero"` // a row somewhere in the answer lacks a field
}

// Outage is a time, by the API's clock, in which nothing is answered: all requests get 503, or are reset.
type Outage struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"` // exclusive
	Reset bool      `json:"reset,omitzero"`
}

// ParseFaults reads faults in the form that PUT /faults takes.
func ParseFaults(r io.Reader) (Faults, error) {
	var faults Faults
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&faults); err != nil {
		return Faults{}, fmt.Errorf("reading faults: %w", err)
	}
	return faults, faults.validate()
}

func (f Faults) validate() error {
	for _, fault := range []Fault{f.REST, f.GraphQL} {
		if err := fault.validate(); err != nil {
			return err
		}
	}
	for _, outage := range f.Outages {
		if outage.To.Before(outage.From) {
			return errors.New("an outage must not end before it begins")
		}
	}
	if !(f.ClockJumpSeconds >= 0 && f.SettingsLagSeconds >= 0) {
		return errors.New("clock_jump_seconds and settings_lag_seconds must not be negative")
	}
	return errors.Join(f.Answers.validate(), f.Late.validate(), f.Sampling.validate())
}

func (f Fault) validate() error {
	if f.RetryAfterSeconds < 0 || !(f.LatencySeconds >= 0 && f.LatencyJitterSeconds >= 0) {
		return errors.New("retry_after_seconds and latencies must not be negative")
	}
	return validateRates(f.ServerErrorRate, f.MalformedRate, f.HangRate, f.RateLimitedRate, f.RetryAfterShare,
		f.UnavailableRate, f.ResetRate, f.TruncatedRate)
}

func (f AnswerFaults) validate() error {
	if f.HeavyNodes < 0 || f.HeavyMinutes < 0 {
		return errors.New("heavy_nodes and heavy_minutes must not be negative")
	}
	return validateRates(f.ErrorRate, f.BudgetRate, f.NullRate, f.EmptyZonesRate, f.MissingFieldRate)
}

func validateRates(rates ...float64) error {
	for _, rate := range rates {
		if !(rate >= 0 && rate <= 1) {
			return errors.New("a rate must be between 0 and 1")
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

// strikes rolls the dice, unless a rate of zero needs none.
func (f *faultState) strikes(rate float64) bool { return rate > 0 && f.roll() < rate }

// roll returns a number in [0, 1).
func (f *faultState) roll() float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dice.Float64()
}

// pick returns a number in [0, n).
func (f *faultState) pick(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dice.IntN(n)
}

// bits returns 64 of them.
func (f *faultState) bits() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dice.Uint64()
}
