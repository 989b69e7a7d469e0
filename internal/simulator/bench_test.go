// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"testing"
	"time"
)

// BenchmarkTenZonesOneHour reads all measures of ten zones over an hour in one document, 36,000 events, from streams
// that were read before.
func BenchmarkTenZonesOneHour(b *testing.B) {
	s, _ := newTestSimulator(b, func(c *Config) {
		c.Accounts = DefaultLayout(1, 10, PlanEnterprise)
		c.EventsPerMinute = 60
	})
	const document = `{ viewer { zones(limit: 10) { zoneTag
		httpRequests1mGroups(limit: 10000, filter: {datetime_geq: "2026-03-04T10:00:00Z", datetime_lt: "2026-03-04T11:00:00Z"}) { sum {
			requests bytes cachedRequests cachedBytes encryptedRequests encryptedBytes pageViews threats
			browserMap { uaBrowserFamily pageViews } clientHTTPVersionMap { clientHTTPProtocol requests }
			clientSSLMap { clientSSLProtocol requests } contentTypeMap { edgeResponseContentTypeName requests bytes }
			countryMap { clientCountryName requests bytes threats } ipClassMap { ipType requests }
			responseStatusMap { edgeResponseStatus requests } threatPathingMap { threatPathingName requests } } uniq { uniques } }
		firewallEventsAdaptiveGroups(limit: 10000, filter: {datetime_geq: "2026-03-04T10:00:00Z", datetime_lt: "2026-03-04T11:00:00Z"}) {
			count dimensions { action source ruleId clientRequestHTTPHost clientCountryName } } } } }`
	body := queryBody(b, document, nil)
	b.ReportAllocs()
	for b.Loop() {
		if w := call(b, s, http.MethodPost, "/client/v4/graphql", body); w.Code != http.StatusOK {
			b.Fatal(w.Body.String())
		}
	}
}

// BenchmarkGenerate produces minutes of 60 events that are in no cache.
func BenchmarkGenerate(b *testing.B) {
	s, _ := newTestSimulator(b, func(c *Config) { c.EventsPerMinute = 60 })
	id, at := s.world().zones[0].ID, floorDiv(testBegin.UnixMicro(), minute)
	b.ReportAllocs()
	for b.Loop() {
		at++
		s.requests.generate(id, at)
	}
}

// BenchmarkTruth adds up ten zones over two hours.
func BenchmarkTruth(b *testing.B) {
	s, _ := newTestSimulator(b, func(c *Config) {
		c.Accounts = DefaultLayout(1, 10, PlanEnterprise)
		c.EventsPerMinute = 60
	})
	b.ReportAllocs()
	for b.Loop() {
		exact(s.Truth(time.Time{}, time.Time{}, counters()...))
	}
}
