// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package oracle says which counters must stand at which value, given the simulator's exact totals. It is imported by
// tests only, and written without a look at how the receiver reads datasets.
package oracle

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// Series is one counter of one zone or account.
type Series struct {
	// Metric is the OTel name.
	Metric string
	// Scope is the identifier of the zone or account.
	Scope string
	// Attributes are "key=value" in the order of keys, separated by commas.
	Attributes string
}

// String is how a difference is printed.
func (s Series) String() string {
	return fmt.Sprintf("%s{%s} of %s", s.Metric, s.Attributes, s.Scope)
}

// Attributes gives the canonical form of a label set.
func Attributes(set map[string]string) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(set)) {
		list = append(list, k+"="+set[k])
	}
	return strings.Join(list, ",")
}

// counter is a metric, with the attribute that each dimension becomes.
type counter struct {
	metric     string
	attributes map[string]string
}

// counters lists each counter under the dataset and measure that it must agree with.
func counters() map[[2]string]counter {
	const (
		rollup   = "httpRequests1mGroups"
		firewall = "firewallEventsAdaptiveGroups"
		workers  = "workersInvocationsAdaptive"
	)
	country := map[string]string{"clientCountryName": "country"}
	contentType := map[string]string{"edgeResponseContentTypeName": "content_type"}
	script := map[string]string{"scriptName": "script_name", "status": "status"}
	return map[[2]string]counter{
		{rollup, "sum.requests"}:                      {"cloudflare.zone.requests", nil},
		{rollup, "sum.cachedRequests"}:                {"cloudflare.zone.requests.cached", nil},
		{rollup, "sum.encryptedRequests"}:             {"cloudflare.zone.requests.ssl_encrypted", nil},
		{rollup, "sum.bytes"}:                         {"cloudflare.zone.bandwidth", nil},
		{rollup, "sum.cachedBytes"}:                   {"cloudflare.zone.bandwidth.cached", nil},
		{rollup, "sum.encryptedBytes"}:                {"cloudflare.zone.bandwidth.ssl_encrypted", nil},
		{rollup, "sum.pageViews"}:                     {"cloudflare.zone.pageviews", nil},
		{rollup, "sum.threats"}:                       {"cloudflare.zone.threats", nil},
		{rollup, "sum.browserMap.pageViews"}:          {"cloudflare.zone.requests.browser_map.page_views", map[string]string{"uaBrowserFamily": "family"}},
		{rollup, "sum.clientHTTPVersionMap.requests"}: {"cloudflare.zone.requests.http_version", map[string]string{"clientHTTPProtocol": "http_version"}},
		{rollup, "sum.clientSSLMap.requests"}:         {"cloudflare.zone.requests.ssl_protocol", map[string]string{"clientSSLProtocol": "ssl_protocol"}},
		{rollup, "sum.contentTypeMap.requests"}:       {"cloudflare.zone.requests.content_type", contentType},
		{rollup, "sum.contentTypeMap.bytes"}:          {"cloudflare.zone.bandwidth.content_type", contentType},
		{rollup, "sum.countryMap.requests"}:           {"cloudflare.zone.requests.country", country},
		{rollup, "sum.countryMap.bytes"}:              {"cloudflare.zone.bandwidth.country", country},
		{rollup, "sum.countryMap.threats"}:            {"cloudflare.zone.threats.country", country},
		{rollup, "sum.ipClassMap.requests"}:           {"cloudflare.zone.requests.ip_class", map[string]string{"ipType": "ip_type"}},
		{rollup, "sum.responseStatusMap.requests"}:    {"cloudflare.zone.requests.status", map[string]string{"edgeResponseStatus": "status"}},
		{rollup, "sum.threatPathingMap.requests"}:     {"cloudflare.zone.threats.type", map[string]string{"threatPathingName": "type"}},
		{firewall, "count"}: {"cloudflare.zone.firewall.events", map[string]string{
			"action": "action", "source": "source", "ruleId": "rule", "clientRequestHTTPHost": "host", "clientCountryName": "country",
		}},
		{workers, "sum.requests"}:    {"cloudflare.worker.requests", script},
		{workers, "sum.errors"}:      {"cloudflare.worker.errors", script},
		{workers, "sum.subrequests"}: {"cloudflare.worker.subrequests", script},
		{workers, "sum.duration"}:    {"cloudflare.worker.duration.gigabyte_seconds", script},
	}
}

// Metrics are the names of all counters that the oracle knows.
func Metrics() []string {
	var names []string
	for _, c := range counters() {
		names = append(names, c.metric)
	}
	slices.Sort(names)
	return names
}

// Expected gives the value of each counter that is not zero.
func Expected(totals []simulator.Total) map[Series]float64 {
	known := counters()
	expected := map[Series]float64{}
	for _, t := range totals {
		c, ok := known[[2]string{t.Dataset, t.Measure}]
		if !ok {
			continue
		}
		set := map[string]string{}
		for dimension, value := range t.Dimensions {
			set[c.attributes[dimension]] = value
		}
		expected[Series{c.metric, t.ID, Attributes(set)}] += t.Value
	}
	return expected
}

// Differences compares counters with what they must be and describes each that is missing, extra or wrong. Series at
// zero count as absent on both sides; sums of float64 may differ by what adding in another order changes.
func Differences(expected, actual map[Series]float64) []string {
	var list []string
	for s, want := range expected {
		if got := actual[s]; !equal(want, got) {
			list = append(list, fmt.Sprintf("%v: want %v, got %v (off by %v)", s, want, got, got-want))
		}
	}
	for s, got := range actual {
		if _, ok := expected[s]; !ok && got != 0 {
			list = append(list, fmt.Sprintf("%v: not expected, got %v", s, got))
		}
	}
	slices.Sort(list)
	return list
}

func equal(a, b float64) bool {
	if a == math.Trunc(a) && b == math.Trunc(b) {
		return a == b
	}
	return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}
