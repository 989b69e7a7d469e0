// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
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
	t := tally{}
	for _, z := range s.zones {
		rollUp := all || s.mayRead(z, datasetHTTPRequests1m)
		firewall := all || s.mayRead(z, datasetFirewallEvents)
		for r := range s.requests.between(z.ID, start, end) {
			if rollUp {
				t.addRollUp(z.ID, r)
			}
			if firewall && r.firewallAction != "" {
				t.addFirewallEvent(z.ID, r)
			}
		}
	}
	for _, a := range s.accounts {
		for _, script := range a.Workers {
			for i := range s.workers.between(scriptOwner(a.ID, script), start, end) {
				t.addInvocation(a.ID, i)
			}
		}
	}
	return t.totals()
}

func (s *Simulator) mayRead(z *zone, dataset string) bool {
	return retention(z.Plan, dataset) > 0 && !slices.Contains(z.Withheld, dataset)
}

// series identifies a Total. Labels are names and values in turn, as many as the dataset has.
type series struct {
	scope, id, dataset, measure string
	labels                      [10]string
}

type amount struct {
	whole uint64
	float float64
}

// tally adds up amounts by series.
type tally map[series]amount

func (t tally) whole(k series, n uint64) {
	if n > 0 {
		t[k] = amount{whole: t[k].whole + n}
	}
}

func (t tally) float(k series, x float64) {
	if x > 0 {
		t[k] = amount{float: t[k].float + x}
	}
}

func (k series) of(measure string) series {
	k.measure = measure
	return k
}

func (k series) by(labels ...string) series {
	k.labels = [10]string{}
	copy(k.labels[:], labels)
	return k
}

func (t tally) addRollUp(zoneID string, r *httpRequest) {
	k := series{scope: "zone", id: zoneID, dataset: datasetHTTPRequests1m}
	t.whole(k.of("sum.requests"), 1)
	t.whole(k.of("sum.bytes"), r.responseBytes)
	t.whole(k.of("sum.edgeRequestBytes"), r.requestBytes)
	if r.cacheStatus == "hit" || r.cacheStatus == "stale" || r.cacheStatus == "updating" || r.cacheStatus == "revalidated" {
		t.whole(k.of("sum.cachedRequests"), 1)
		t.whole(k.of("sum.cachedBytes"), r.responseBytes)
	}
	if r.scheme == "https" {
		t.whole(k.of("sum.encryptedRequests"), 1)
		t.whole(k.of("sum.encryptedBytes"), r.responseBytes)
	}
	country := k.by("clientCountryName", r.country)
	t.whole(country.of("sum.countryMap.requests"), 1)
	t.whole(country.of("sum.countryMap.bytes"), r.responseBytes)
	if r.threat != "" {
		t.whole(k.of("sum.threats"), 1)
		t.whole(country.of("sum.countryMap.threats"), 1)
		t.whole(k.by("threatPathingName", r.threat).of("sum.threatPathingMap.requests"), 1)
	}
	if r.pageView {
		t.whole(k.of("sum.pageViews"), 1)
		t.whole(k.by("uaBrowserFamily", r.browser).of("sum.browserMap.pageViews"), 1)
	}
	content := k.by("edgeResponseContentTypeName", r.contentType)
	t.whole(content.of("sum.contentTypeMap.requests"), 1)
	t.whole(content.of("sum.contentTypeMap.bytes"), r.responseBytes)
	t.whole(k.by("edgeResponseStatus", strconv.Itoa(int(r.edgeStatus))).of("sum.responseStatusMap.requests"), 1)
	t.whole(k.by("ipType", r.clientIPClass).of("sum.ipClassMap.requests"), 1)
	t.whole(k.by("clientSSLProtocol", r.tlsProtocol).of("sum.clientSSLMap.requests"), 1)
	t.whole(k.by("clientHTTPProtocol", r.httpVersion).of("sum.clientHTTPVersionMap.requests"), 1)
}

func (t tally) addFirewallEvent(zoneID string, r *httpRequest) {
	k := series{scope: "zone", id: zoneID, dataset: datasetFirewallEvents, measure: "count"}
	t.whole(k.by("action", r.firewallAction, "source", r.firewallSource, "ruleId", r.ruleID,
		"clientRequestHTTPHost", r.host, "clientCountryName", r.country), 1)
}

func (t tally) addInvocation(accountID string, i *invocation) {
	k := series{scope: "account", id: accountID, dataset: datasetWorkers}.by("scriptName", i.script, "status", i.status)
	t.whole(k.of("sum.requests"), 1)
	if i.failed {
		t.whole(k.of("sum.errors"), 1)
	}
	if i.disconnected {
		t.whole(k.of("sum.clientDisconnects"), 1)
	}
	t.whole(k.of("sum.subrequests"), i.subrequests)
	t.whole(k.of("sum.responseBodySize"), i.responseBytes)
	t.whole(k.of("sum.cpuTimeUs"), i.cpuUS)
	t.whole(k.of("sum.wallTime"), i.wallUS)
	t.float(k.of("sum.requestDuration"), float64(i.requestUS))
	t.float(k.of("sum.duration"), i.duration)
}

// totals lists the series in a fixed order.
func (t tally) totals() []Total {
	keys := slices.SortedFunc(maps.Keys(t), func(a, b series) int {
		return cmp.Or(
			cmp.Compare(a.scope, b.scope), cmp.Compare(a.id, b.id), cmp.Compare(a.dataset, b.dataset),
			cmp.Compare(a.measure, b.measure), slices.Compare(a.labels[:], b.labels[:]),
		)
	})
	totals := make([]Total, len(keys))
	for i, k := range keys {
		sum := t[k]
		totals[i] = Total{
			Scope: k.scope, ID: k.id, Dataset: k.dataset, Measure: k.measure, Dimensions: map[string]string{},
			Value: float64(sum.whole) + sum.float, Int: sum.whole,
		}
		for l := 0; l < len(k.labels) && k.labels[l] != ""; l += 2 {
			totals[i].Dimensions[k.labels[l]] = k.labels[l+1]
		}
	}
	return totals
}
