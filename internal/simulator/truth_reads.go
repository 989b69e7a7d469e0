// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// readSums adds up the events of one dataset of one zone or account.
type readSums struct {
	rollUp   *rollUpSums
	firewall firewallSums
	workers  workersSums
}

func newReadSums() *readSums {
	return &readSums{rollUp: newRollUpSums(), firewall: firewallSums{}, workers: workersSums{}}
}

// add adds the events of a read's window that could be seen when it was answered.
func (s *Simulator) add(sums *readSums, r Read) {
	from, to, at := r.From.UnixMicro(), r.To.UnixMicro(), r.At.UnixMicro()
	if r.Dataset != datasetWorkers {
		for e := range s.requests.between(r.ID, from, min(to, at)) {
			if r.Late.shows(e.at, e.salt, at) {
				if e.eyeball() {
					sums.rollUp.add(e)
				}
				sums.firewall.add(e)
			}
		}
		return
	}
	for _, script := range s.scripts(r.ID) {
		for i := range s.workers.between(scriptOwner(r.ID, script), from, min(to, at)) {
			if r.Late.shows(i.at, i.salt, at) {
				sums.workers.add(i)
			}
		}
	}
}

func (s *Simulator) scripts(accountID string) []string {
	for _, a := range s.world().accounts {
		if a.ID == accountID {
			return a.Workers
		}
	}
	return nil
}

func (s *readSums) totals(key readKey) []Total {
	totals := map[string]func() []Total{
		datasetHTTPRequests1m: s.rollUp.totals,
		datasetFirewallEvents: s.firewall.totals,
		datasetWorkers:        s.workers.totals,
	}[key.dataset]
	return of(key.scope, key.id, key.dataset, totals())
}

// SumTotals adds up totals of the same measure and label set, drops those of zero, and brings the rest into the order of Truth.
func SumTotals(totals ...[]Total) []Total {
	sums := map[string]*Total{}
	for _, t := range slices.Concat(totals...) {
		key := strings.Join(slices.Concat([]string{t.Scope, t.ID, t.Dataset, t.Measure}, labels(t.Dimensions)), "\x00")
		if sum := sums[key]; sum != nil {
			sum.Value += t.Value
			sum.Int += t.Int
		} else {
			sums[key] = &t
		}
	}
	var all []Total
	for _, t := range sums {
		if t.Value != 0 {
			all = append(all, *t)
		}
	}
	slices.SortFunc(all, compareTotals)
	return all
}

// labels lists names and values of a label set, in order.
func labels(dimensions map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		list = append(list, name, dimensions[name])
	}
	return list
}

// compareTotals puts zones before accounts, and datasets into the order in which Truth has them.
func compareTotals(a, b Total) int {
	order := []string{datasetHTTPRequests1m, datasetFirewallEvents, datasetWorkers}
	return cmp.Or(
		strings.Compare(b.Scope, a.Scope), strings.Compare(a.ID, b.ID),
		cmp.Compare(slices.Index(order, a.Dataset), slices.Index(order, b.Dataset)),
		strings.Compare(a.Measure, b.Measure), compareDimensions(a.Dimensions, b.Dimensions),
	)
}
