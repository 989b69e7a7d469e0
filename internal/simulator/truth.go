// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Total is the exact sum of one measure of one dataset for one label set over a range of time. Totals of zero are left
// out: a label set without a Total has 0.
type Total struct {
	Scope      string            `json:"scope"` // zone or account
	ID         string            `json:"id"`
	Dataset    string            `json:"dataset"`
	Measure    string            `json:"measure"` // as the field is reached: sum.requests, sum.countryMap.bytes, count
	Dimensions map[string]string `json:"dimensions"`
	Value      float64           `json:"value"`
	Int        uint64            `json:"int"` // the exact value of a whole number; 0 for measures in float64
}

// Truth returns the totals of [from, to), as far as the stream covers it and the clock has come: every additive measure of
// every dataset that a scope's plan lets its owner read, grouped as finely as the receiver does. A zero from or to is
// no bound. Roll-ups know full minutes only, so their totals are comparable for bounds on full minutes.
//
// The sums are taken straight from the events, with nothing of what answers queries.
//
// Events count by when they happened, whether they are visible yet or not. Plans and zones are those of the moment: what a
// zone was not entitled to, or an account did not have, at an earlier time is no matter.
func (s *Simulator) Truth(from, to time.Time) []Total { return s.truth(from, to, false) }

// TruthAll is Truth with the totals of datasets that a zone's plan keeps from its owner.
func (s *Simulator) TruthAll(from, to time.Time) []Total { return s.truth(from, to, true) }

// TruthVisible is Truth of the events that a reader could see at an instant, by the [Lateness] in force.
func (s *Simulator) TruthVisible(from, to, at time.Time) []Total {
	late, instant := s.faults.get().Late, at.UnixMicro()
	return s.sum(from, to, false, func(event int64, salt uint64) bool { return late.shows(event, salt, instant) })
}

// TruthOf adds up what each of some reads could see of its window: the events that had become visible when it was answered, all label
// sets and counters of the dataset, whatever was selected, and without sampling.
func (s *Simulator) TruthOf(reads []Read) []Total {
	sums := map[readKey]*readSums{}
	for _, r := range reads {
		if sums[r.key()] == nil {
			sums[r.key()] = newReadSums()
		}
		s.add(sums[r.key()], r)
	}
	var totals []Total
	for key, own := range sums {
		totals = append(totals, own.totals(key)...)
	}
	return SumTotals(totals)
}

// truth leaves plans out of account if all is set.
func (s *Simulator) truth(from, to time.Time, all bool) []Total {
	return s.sum(from, to, all, func(int64, uint64) bool { return true })
}

func (s *Simulator) sum(from, to time.Time, all bool, shows func(at int64, salt uint64) bool) []Total {
	start, end := s.config.Begin.UnixMicro(), s.now().UnixMicro()
	if !from.IsZero() {
		start = max(start, from.UnixMicro())
	}
	if !to.IsZero() {
		end = min(end, to.UnixMicro())
	}
	var totals []Total
	w := s.world()
	for _, z := range w.zones {
		rollUp, firewall := newRollUpSums(), firewallSums{}
		for r := range s.requests.between(z.ID, start, end) {
			if shows(r.at, r.salt) {
				if r.eyeball() {
					rollUp.add(r)
				}
				firewall.add(r)
			}
		}
		if all || w.mayRead(z, datasetHTTPRequests1m) {
			totals = append(totals, of("zone", z.ID, datasetHTTPRequests1m, rollUp.totals())...)
		}
		if all || w.mayRead(z, datasetFirewallEvents) {
			totals = append(totals, of("zone", z.ID, datasetFirewallEvents, firewall.totals())...)
		}
	}
	for _, a := range w.accounts {
		sums := workersSums{}
		for _, script := range a.Workers {
			for i := range s.workers.between(scriptOwner(a.ID, script), start, end) {
				if shows(i.at, i.salt) {
					sums.add(i)
				}
			}
		}
		if all || !slices.Contains(a.Withheld, datasetWorkers) {
			totals = append(totals, of("account", a.ID, datasetWorkers, sums.totals())...)
		}
	}
	return totals
}

// mayRead tells whether a zone's owner may read a dataset of it, at zone scope or at account scope.
func (w *world) mayRead(z *zone, dataset string) bool {
	atAccount := slices.Contains(z.account.Granted, dataset) && !slices.Contains(z.account.Withheld, dataset)
	return atAccount || zoneReach(z.Plan, dataset) != (reach{}) && !slices.Contains(z.Withheld, dataset)
}

// of completes the totals of one scope and dataset, drops zeros, and brings the rest into a fixed order.
func of(scope, id, dataset string, totals []Total) []Total {
	totals = slices.DeleteFunc(totals, func(t Total) bool { return t.Value == 0 })
	for i := range totals {
		totals[i].Scope, totals[i].ID, totals[i].Dataset = scope, id, dataset
	}
	slices.SortFunc(totals, func(a, b Total) int {
		return cmp.Or(strings.Compare(a.Measure, b.Measure), compareDimensions(a.Dimensions, b.Dimensions))
	})
	return totals
}

// compareDimensions compares the values of label sets with the same names.
func compareDimensions(a, b map[string]string) int {
	for _, name := range []string{
		"action", "source", "ruleId", "clientRequestHTTPHost", "clientCountryName", "scriptName", "status", "threatPathingName",
		"uaBrowserFamily", "edgeResponseContentTypeName", "edgeResponseStatus", "ipType", "clientSSLProtocol", "clientHTTPProtocol",
	} {
		if c := strings.Compare(a[name], b[name]); c != 0 {
			return c
		}
	}
	return 0
}

func whole(measure string, n uint64, dimensions map[string]string) Total {
	return Total{Measure: measure, Dimensions: dimensions, Value: float64(n), Int: n}
}

func float(measure string, x float64, dimensions map[string]string) Total {
	return Total{Measure: measure, Dimensions: dimensions, Value: x}
}
