// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import "strconv"

// rollUpSums adds up what httpRequests1mGroups counts.
type rollUpSums struct {
	requests, bytes, requestBytes       uint64
	cachedRequests, cachedBytes         uint64
	encryptedRequests, encryptedBytes   uint64
	pageViews, threats                  uint64
	countries, contentTypes             map[string]*labelSums
	statuses                            map[uint16]uint64
	browsers, ipClasses, threatPathings map[string]uint64
	tlsProtocols, httpVersions          map[string]uint64
}

// labelSums are the sums of one label of a map with several measures.
type labelSums struct{ requests, bytes, threats uint64 }

func newRollUpSums() *rollUpSums {
	return &rollUpSums{
		countries: map[string]*labelSums{}, contentTypes: map[string]*labelSums{}, statuses: map[uint16]uint64{},
		browsers: map[string]uint64{}, ipClasses: map[string]uint64{}, threatPathings: map[string]uint64{},
		tlsProtocols: map[string]uint64{}, httpVersions: map[string]uint64{},
	}
}

func (s *rollUpSums) add(r *httpRequest) {
	s.requests++
	s.bytes += r.responseBytes
	s.requestBytes += r.requestBytes
	switch r.cacheStatus {
	case "hit", "stale", "updating", "revalidated":
		s.cachedRequests++
		s.cachedBytes += r.responseBytes
	}
	if r.scheme == "https" {
		s.encryptedRequests++
		s.encryptedBytes += r.responseBytes
	}
	country, contentType := entry(s.countries, r.country), entry(s.contentTypes, r.contentType)
	country.requests++
	country.bytes += r.responseBytes
	contentType.requests++
	contentType.bytes += r.responseBytes
	if r.threat != "" {
		s.threats++
		country.threats++
		s.threatPathings[r.threat]++
	}
	if r.pageView {
		s.pageViews++
		s.browsers[r.browser]++
	}
	s.statuses[r.edgeStatus]++
	s.ipClasses[r.clientIPClass]++
	s.tlsProtocols[r.tlsProtocol]++
	s.httpVersions[r.httpVersion]++
}

// entry finds the sums of a key, or begins them.
func entry[K comparable, V any](sums map[K]*V, key K) *V {
	v := sums[key]
	if v == nil {
		v = new(V)
		sums[key] = v
	}
	return v
}

func (s *rollUpSums) totals() []Total {
	var totals []Total
	for measure, n := range map[string]uint64{
		"sum.requests": s.requests, "sum.bytes": s.bytes, "sum.edgeRequestBytes": s.requestBytes,
		"sum.cachedRequests": s.cachedRequests, "sum.cachedBytes": s.cachedBytes,
		"sum.encryptedRequests": s.encryptedRequests, "sum.encryptedBytes": s.encryptedBytes,
		"sum.pageViews": s.pageViews, "sum.threats": s.threats,
	} {
		totals = append(totals, whole(measure, n, map[string]string{}))
	}
	for _, m := range []struct {
		measure, label string
		sums           map[string]uint64
	}{
		{"sum.browserMap.pageViews", "uaBrowserFamily", s.browsers},
		{"sum.ipClassMap.requests", "ipType", s.ipClasses},
		{"sum.threatPathingMap.requests", "threatPathingName", s.threatPathings},
		{"sum.clientSSLMap.requests", "clientSSLProtocol", s.tlsProtocols},
		{"sum.clientHTTPVersionMap.requests", "clientHTTPProtocol", s.httpVersions},
	} {
		for label, n := range m.sums {
			totals = append(totals, whole(m.measure, n, map[string]string{m.label: label}))
		}
	}
	for country, sums := range s.countries {
		labels := map[string]string{"clientCountryName": country}
		totals = append(totals, whole("sum.countryMap.requests", sums.requests, labels),
			whole("sum.countryMap.bytes", sums.bytes, labels), whole("sum.countryMap.threats", sums.threats, labels))
	}
	for contentType, sums := range s.contentTypes {
		labels := map[string]string{"edgeResponseContentTypeName": contentType}
		totals = append(totals, whole("sum.contentTypeMap.requests", sums.requests, labels),
			whole("sum.contentTypeMap.bytes", sums.bytes, labels))
	}
	for status, n := range s.statuses {
		labels := map[string]string{"edgeResponseStatus": strconv.Itoa(int(status))}
		totals = append(totals, whole("sum.responseStatusMap.requests", n, labels))
	}
	return totals
}

// firewallSums adds up what firewallEventsAdaptiveGroups counts.
type firewallSums map[firewallLabels]uint64

type firewallLabels struct{ action, source, ruleID, host, country string }

func (s firewallSums) add(r *httpRequest) {
	if r.firewallAction != "" {
		s[firewallLabels{r.firewallAction, r.firewallSource, r.ruleID, r.host, r.country}]++
	}
}

func (s firewallSums) totals() []Total {
	totals := make([]Total, 0, len(s))
	for l, n := range s {
		totals = append(totals, whole("count", n, map[string]string{
			"action": l.action, "source": l.source, "ruleId": l.ruleID,
			"clientRequestHTTPHost": l.host, "clientCountryName": l.country,
		}))
	}
	return totals
}

// workersSums adds up what workersInvocationsAdaptive counts.
type workersSums map[workersLabels]*workersSum

type workersLabels struct{ script, status string }

type workersSum struct {
	requests, errors, disconnects, subrequests, responseBytes, cpuUS, wallUS uint64
	requestUS, duration                                                      float64
}

func (s workersSums) add(i *invocation) {
	sum := entry(s, workersLabels{i.script, i.status})
	sum.requests++
	if i.failed {
		sum.errors++
	}
	if i.disconnected {
		sum.disconnects++
	}
	sum.subrequests += i.subrequests
	sum.responseBytes += i.responseBytes
	sum.cpuUS += i.cpuUS
	sum.wallUS += i.wallUS
	sum.requestUS += float64(i.requestUS)
	sum.duration += i.duration
}

func (s workersSums) totals() []Total {
	var totals []Total
	for l, sum := range s {
		labels := map[string]string{"scriptName": l.script, "status": l.status}
		totals = append(totals,
			whole("sum.requests", sum.requests, labels),
			whole("sum.errors", sum.errors, labels),
			whole("sum.clientDisconnects", sum.disconnects, labels),
			whole("sum.subrequests", sum.subrequests, labels),
			whole("sum.responseBodySize", sum.responseBytes, labels),
			whole("sum.cpuTimeUs", sum.cpuUS, labels),
			whole("sum.wallTime", sum.wallUS, labels),
			float("sum.requestDuration", sum.requestUS, labels),
			float("sum.duration", sum.duration, labels),
		)
	}
	return totals
}
