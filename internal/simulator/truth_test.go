// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fold adds up the rows of a query by the measure and dimensions that a Total has. It knows the answer's shape only:
// numbers below sum, and count, are added; lists below sum are broken down by their one field that is no measure.
type fold map[string]float64

func (f fold) row(prefix string, row map[string]any) {
	labels, _ := row["dimensions"].(map[string]any)
	if count, ok := row["count"].(json.Number); ok {
		f.add(prefix+"count", labels, count)
	}
	sums, _ := row["sum"].(map[string]any)
	for name, value := range sums {
		switch value := value.(type) {
		case json.Number:
			f.add(prefix+"sum."+name, labels, value)
		case []any:
			for _, element := range value {
				f.element(prefix+"sum."+name, element.(map[string]any)) //nolint:errcheck // a test may panic
			}
		}
	}
}

func (f fold) element(name string, element map[string]any) {
	label := map[string]any{}
	for key, value := range element {
		if key != "requests" && key != "bytes" && key != "threats" && key != "pageViews" {
			label[key] = value
		}
	}
	for key, value := range element {
		if _, isLabel := label[key]; !isLabel {
			f.add(name+"."+key, label, value.(json.Number)) //nolint:errcheck // a test may panic
		}
	}
}

func (f fold) add(name string, labels map[string]any, n json.Number) {
	x, err := n.Float64()
	if err == nil && x != 0 {
		f[name+fmt.Sprint(labels)] += x
	}
}

// counters are groupings of all that tests count.
func counters() []Grouping {
	var list []Grouping
	add := func(scope, dataset string, dimensions []string, measures ...string) {
		for _, m := range measures {
			list = append(list, Grouping{Scope: scope, Dataset: dataset, Measure: m, Dimensions: dimensions})
		}
	}
	add("zone", datasetHTTPRequests1m, nil, "sum.requests", "sum.bytes", "sum.cachedRequests", "sum.cachedBytes", "sum.encryptedRequests",
		"sum.encryptedBytes", "sum.edgeRequestBytes", "sum.pageViews", "sum.threats")
	for breakdown, key := range map[string]string{
		"browserMap pageViews":              "uaBrowserFamily",
		"clientHTTPVersionMap requests":     "clientHTTPProtocol",
		"clientSSLMap requests":             "clientSSLProtocol",
		"contentTypeMap requests bytes":     "edgeResponseContentTypeName",
		"countryMap requests bytes threats": "clientCountryName",
		"ipClassMap requests":               "ipType",
		"responseStatusMap requests":        "edgeResponseStatus",
		"threatPathingMap requests":         "threatPathingName",
	} {
		names := strings.Fields(breakdown)
		for _, leaf := range names[1:] {
			add("zone", datasetHTTPRequests1m, []string{"sum." + names[0] + "." + key}, "sum."+names[0]+"."+leaf)
		}
	}
	add("zone", datasetFirewallEvents, []string{"action", "source", "ruleId", "clientRequestHTTPHost", "clientCountryName"}, "count")
	add("account", datasetWorkers, []string{"scriptName", "status"}, "sum.requests", "sum.errors", "sum.clientDisconnects", "sum.subrequests",
		"sum.responseBodySize", "sum.cpuTimeUs", "sum.wallTime", "sum.requestDuration", "sum.duration")
	return list
}

// exact takes totals of groupings that name what there is.
func exact(totals []Total, err error) []Total {
	if err != nil {
		panic(err)
	}
	return totals
}

// foldTruth writes Totals in the same form.
func foldTruth(totals []Total) fold {
	f := fold{}
	for _, t := range totals {
		labels := map[string]any{}
		for name, value := range t.Dimensions {
			labels[name[strings.LastIndex(name, ".")+1:]] = value
		}
		f[t.ID+" "+t.Dataset+" "+t.Measure+fmt.Sprint(labels)] = t.Value
	}
	return f
}

const everythingOfZone = `query ($zone: string, $from: Time!, $to: Time!) { viewer { zones(filter: {zoneTag: $zone}) { zoneTag
	httpRequests1mGroups(limit: 10000, filter: {datetime_geq: $from, datetime_lt: $to}) { sum {
		requests bytes cachedRequests cachedBytes encryptedRequests encryptedBytes edgeRequestBytes pageViews threats
		browserMap { uaBrowserFamily pageViews } clientHTTPVersionMap { clientHTTPProtocol requests }
		clientSSLMap { clientSSLProtocol requests } contentTypeMap { edgeResponseContentTypeName requests bytes }
		countryMap { clientCountryName requests bytes threats } ipClassMap { ipType requests }
		responseStatusMap { edgeResponseStatus requests } threatPathingMap { threatPathingName requests } } }
	firewallEventsAdaptiveGroups(limit: 10000, filter: {datetime_geq: $from, datetime_lt: $to}) {
		count dimensions { action source ruleId clientRequestHTTPHost clientCountryName } } } } }`

const everythingOfAccount = `query ($account: string!, $from: Time!, $to: Time!) { viewer { accounts(filter: {accountTag: $account}) {
	workersInvocationsAdaptive(limit: 10000, filter: {datetime_geq: $from, datetime_lt: $to}) { dimensions { scriptName status } sum {
		requests errors clientDisconnects subrequests responseBodySize cpuTimeUs wallTime requestDuration duration } } } } }`

// partition cuts [from, to) at random multiples of step.
func partition(dice *rand.Rand, from, to time.Time, step time.Duration) []time.Time {
	cuts := []time.Time{from}
	for at := from; ; {
		at = at.Add(step * time.Duration(1+dice.IntN(25)))
		if !at.Before(to) {
			return append(cuts, to)
		}
		cuts = append(cuts, at)
	}
}

func askScope(t *testing.T, s *Simulator, f fold, id, query string, variables map[string]any) {
	t.Helper()
	w := call(t, s, http.MethodPost, "/client/v4/graphql/", queryBody(t, query, variables))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	f.answer(t, id, w.Body)
}

// answer adds the rows of an answer with one scope.
func (f fold) answer(t *testing.T, id string, body io.Reader) {
	t.Helper()
	var answer struct {
		Data struct {
			Viewer map[string][]map[string]any
		}
	}
	decoder := json.NewDecoder(body)
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&answer))
	for _, scopes := range answer.Data.Viewer {
		for name, rows := range scopes[0] {
			list, _ := rows.([]any)
			for _, row := range list {
				f.row(id+" "+name+" ", row.(map[string]any)) //nolint:errcheck // a test may panic
			}
		}
	}
}

// Truth must equal what GraphQL answers, however the window is cut up, and whichever plans zones have.
func TestTruthEqualsQueriesOverAnyPartition(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			s, clock := newTestSimulator(t, func(c *Config) {
				c.Seed = seed
				c.Begin = testBegin.Add(17*time.Second + 500*time.Millisecond)
				c.End = testBegin.Add(90*time.Minute + 31*time.Second)
			})
			if seed == 3 {
				clock.set(testBegin.Add(47*time.Minute + 11*time.Second)) // in the middle of the stream
			}
			dice := rand.New(rand.NewPCG(seed, 1))
			from, to := testBegin.Add(-time.Minute), testBegin.Add(2*time.Hour)
			answered := fold{}
			for _, z := range s.world().zones {
				if z.Plan == PlanFree {
					continue
				}
				cuts := partition(dice, from, to, time.Minute)
				for i := range cuts[1:] {
					askScope(t, s, answered, z.ID, everythingOfZone, map[string]any{"zone": z.ID, "from": cuts[i], "to": cuts[i+1]})
				}
			}
			for _, a := range s.world().accounts {
				cuts := partition(dice, from, to, 17*time.Second)
				for i := range cuts[1:] {
					askScope(t, s, answered, a.ID, everythingOfAccount, map[string]any{"account": a.ID, "from": cuts[i], "to": cuts[i+1]})
				}
			}
			truth := foldTruth(exact(s.Truth(time.Time{}, time.Time{}, counters()...)))
			require.Greater(t, len(truth), 1000)
			assert.Equal(t, truth, answered)
		})
	}
}
