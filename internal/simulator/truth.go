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
func (s *Simulator) Truth(from, to time.Time) []Total { return s.truth(from, to, false) }

// truth leaves plans out of account if all is set.
func (s *Simulator) truth(from, to time.Time, all bool) []Total {
	start, end := s.config.Begin.UnixMicro(), s.now().UnixMicro()
	if !from.IsZero() {
		start = max(start, from.UnixMicro())
	}
	if !to.IsZero() {
		end = min(end, to.UnixMicro())
	}
	var totals []Total
	for _, z := range s.zones {
		rollUp, firewall := newRollUpSums(), firewallSums{}
		for r := range s.requests.between(z.ID, start, end) {
			rollUp.add(r)
			firewall.add(r)
		}
		if all || s.mayRead(z, datasetHTTPRequests1m) {
			totals = append(totals, of("zone", z.ID, datasetHTTPRequests1m, rollUp.totals())...)
		}
		if all || s.mayRead(z, datasetFirewallEvents) {
			totals = append(totals, of("zone", z.ID, datasetFirewallEvents, firewall.totals())...)
		}
	}
	for _, a := range s.accounts {
		sums := workersSums{}
		for _, script := range a.Workers {
			for i := range s.workers.between(scriptOwner(a.ID, script), start, end) {
				sums.add(i)
			}
		}
		totals = append(totals, of("account", a.ID, datasetWorkers, sums.totals())...)
	}
	return totals
}

func (s *Simulator) mayRead(z *zone, dataset string) bool {
	return retention(z.Plan, dataset) > 0 && !slices.Contains(z.Withheld, dataset)
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
