// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import "iter"

// httpRequests1m is the roll-up of end users' HTTP requests by minutes. Its time is the minute's, whatever it is grouped by.
func httpRequests1m(requests *stream[httpRequest]) dataset[httpRequest] {
	bytes := func(r *httpRequest) uint64 { return r.responseBytes }
	count := sum(one[httpRequest])
	threat := func(r *httpRequest) bool { return r.threat != "" }
	view := func(r *httpRequest) bool { return r.pageView }
	return dataset[httpRequest]{
		name: datasetHTTPRequests1m,
		events: func(sc scope, from, to int64) iter.Seq[*httpRequest] {
			return eyeballs(requests.between(sc.zone.ID, from, to))
		},
		dimensions: timeDimensions(func(r *httpRequest) int64 { return r.at }, minute, map[string]int64{
			"datetimeMinute":         minute,
			"datetimeFiveMinutes":    5 * minute,
			"datetimeFifteenMinutes": 15 * minute,
			"datetimeHalfOfHour":     30 * minute,
			"datetimeHour":           60 * minute,
			"datetimeDay":            24 * 60 * minute,
		}),
		measures: map[string]measure[httpRequest]{
			"sum_requests":          count,
			"sum_bytes":             sum(bytes),
			"sum_cachedRequests":    sum(when((*httpRequest).cached, one)),
			"sum_cachedBytes":       sum(when((*httpRequest).cached, bytes)),
			"sum_encryptedRequests": sum(when((*httpRequest).encrypted, one)),
			"sum_encryptedBytes":    sum(when((*httpRequest).encrypted, bytes)),
			"sum_edgeRequestBytes":  sum(func(r *httpRequest) uint64 { return r.requestBytes }),
			"sum_pageViews":         sum(when(view, one)),
			"sum_threats":           sum(when(threat, one)),
			"uniq_uniques":          uniqueVisitors,
			"avg_bytes":             mean(func(r *httpRequest) float64 { return float64(r.responseBytes) }),
			"avg_edgeRequestBytes":  mean(func(r *httpRequest) float64 { return float64(r.requestBytes) }),
			"avg_sampleInterval":    mean(oneFloat[httpRequest]),
		},
		breakdowns: map[string]breakdown[httpRequest]{
			"sum_browserMap": textBreakdown("uaBrowserFamily", func(r *httpRequest) string {
				if !r.pageView {
					return ""
				}
				return r.browser
			}, map[string]measure[httpRequest]{"pageViews": count}),
			"sum_clientHTTPVersionMap": textBreakdown("clientHTTPProtocol",
				func(r *httpRequest) string { return r.httpVersion }, map[string]measure[httpRequest]{"requests": count}),
			"sum_clientSSLMap": textBreakdown("clientSSLProtocol",
				func(r *httpRequest) string { return r.tlsProtocol }, map[string]measure[httpRequest]{"requests": count}),
			"sum_contentTypeMap": textBreakdown("edgeResponseContentTypeName",
				func(r *httpRequest) string { return r.contentType },
				map[string]measure[httpRequest]{"requests": count, "bytes": sum(bytes)}),
			"sum_countryMap": textBreakdown("clientCountryName",
				func(r *httpRequest) string { return r.country },
				map[string]measure[httpRequest]{"requests": count, "bytes": sum(bytes), "threats": sum(when(threat, one))}),
			"sum_ipClassMap": textBreakdown("ipType",
				func(r *httpRequest) string { return r.clientIPClass }, map[string]measure[httpRequest]{"requests": count}),
			"sum_threatPathingMap": textBreakdown("threatPathingName",
				func(r *httpRequest) string { return r.threat }, map[string]measure[httpRequest]{"requests": count}),
			"sum_responseStatusMap": {
				key: "edgeResponseStatus", kind: kindNumber,
				of:       func(r *httpRequest) (value, bool) { return value{number: int64(r.edgeStatus)}, true },
				measures: map[string]measure[httpRequest]{"requests": count},
			},
		},
	}
}

// eyeballs leaves out what did not come from an end user.
func eyeballs(requests iter.Seq[*httpRequest]) iter.Seq[*httpRequest] {
	return func(yield func(*httpRequest) bool) {
		for r := range requests {
			if r.eyeball() && !yield(r) {
				return
			}
		}
	}
}

// textBreakdown breaks down by a text; events for which it is empty are left out.
func textBreakdown(key string, of func(*httpRequest) string, measures map[string]measure[httpRequest]) breakdown[httpRequest] {
	return breakdown[httpRequest]{
		key: key, kind: kindText, measures: measures,
		of: func(r *httpRequest) (value, bool) {
			text := of(r)
			return value{text: text}, text != ""
		},
	}
}

func uniqueVisitors(rows []*httpRequest) any {
	seen := map[[4]byte]struct{}{}
	for _, r := range rows {
		seen[r.clientIP.As4()] = struct{}{}
	}
	return uint64(len(seen))
}
