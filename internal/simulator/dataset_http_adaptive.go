// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"iter"
	"maps"
	"strconv"
)

// httpRequestsAdaptive are all HTTP requests, those from within Cloudflare too.
func httpRequestsAdaptive(requests *stream[httpRequest]) dataset[httpRequest] {
	measures := map[string]measure[httpRequest]{
		"count":                        sum(one[httpRequest]),
		"sum_edgeRequestBytes":         sum(func(r *httpRequest) uint64 { return r.requestBytes }),
		"sum_edgeResponseBytes":        sum(func(r *httpRequest) uint64 { return r.responseBytes }),
		"sum_visits":                   sum(when(func(r *httpRequest) bool { return r.visit }, one)),
		"sum_originResponseDurationMs": sum(func(r *httpRequest) uint64 { return uint64(r.originDurationMS) }),
		"sum_edgeTimeToFirstByteMs":    sum(func(r *httpRequest) uint64 { return uint64(r.edgeTTFBMS) }),
		"avg_sampleInterval":           mean(oneFloat[httpRequest]),
		"avg_originResponseDurationMs": meanNonZero(originDuration),
		"avg_edgeTimeToFirstByteMs":    mean(timeToFirstByte),
		"ratio_status4xx":              mean(statusClass(4)),
		"ratio_status5xx":              mean(statusClass(5)),
	}
	for name, of := range map[string]func(*httpRequest) float64{
		"originResponseDurationMs": originDuration,
		"edgeTimeToFirstByteMs":    timeToFirstByte,
		"edgeResponseBytes":        func(r *httpRequest) float64 { return float64(r.responseBytes) },
	} {
		for suffix, q := range map[string]float64{"P50": 0.5, "P95": 0.95, "P99": 0.99} {
			measures["quantiles_"+name+suffix] = quantile(q, of)
		}
	}
	return dataset[httpRequest]{
		name:     "httpRequestsAdaptiveGroups",
		adaptive: true,
		events: func(sc scope, from, to int64) iter.Seq[*httpRequest] {
			return requests.between(sc.zone.ID, from, to)
		},
		dimensions: requestDimensions(),
		measures:   measures,
	}
}

// requestDimensions are what requests are grouped by in adaptive datasets. The schema says which dataset has which.
func requestDimensions() map[string]dimension[httpRequest] {
	dimensions := timeDimensions(func(r *httpRequest) int64 { return r.at }, second, adaptiveWidths())
	maps.Copy(dimensions, map[string]dimension[httpRequest]{
		"botScore":                    numberDimension(func(r *httpRequest) int64 { return int64(r.botScore) }),
		"botScoreSrcName":             textDimension(func(r *httpRequest) string { return r.botScoreSource }),
		"cacheStatus":                 textDimension(func(r *httpRequest) string { return r.cacheStatus }),
		"clientASNDescription":        textDimension(func(r *httpRequest) string { return "EXAMPLE-" + asn(r) }),
		"clientAsn":                   textDimension(asn),
		"clientCountryName":           textDimension(func(r *httpRequest) string { return r.country }),
		"clientDeviceType":            textDimension(func(r *httpRequest) string { return r.deviceType }),
		"clientIP":                    textDimension(func(r *httpRequest) string { return r.clientIP.String() }),
		"clientIPClass":               textDimension(func(r *httpRequest) string { return r.clientIPClass }),
		"clientRequestHTTPHost":       textDimension(func(r *httpRequest) string { return r.host }),
		"clientRequestHTTPMethodName": textDimension(func(r *httpRequest) string { return r.method }),
		"clientRequestHTTPProtocol":   textDimension(func(r *httpRequest) string { return r.httpVersion }),
		"clientRequestPath":           textDimension(func(r *httpRequest) string { return r.path }),
		"clientRequestScheme":         textDimension(func(r *httpRequest) string { return r.scheme }),
		"clientSSLProtocol":           textDimension(func(r *httpRequest) string { return r.tlsProtocol }),
		"coloCode":                    textDimension(func(r *httpRequest) string { return r.colo }),
		"edgeColoName":                textDimension(func(r *httpRequest) string { return r.colo }),
		"edgeResponseContentTypeName": textDimension(func(r *httpRequest) string { return r.contentType }),
		"edgeResponseStatus":          numberDimension(func(r *httpRequest) int64 { return int64(r.edgeStatus) }),
		"edgeTimeToFirstByteMs":       numberDimension(func(r *httpRequest) int64 { return int64(r.edgeTTFBMS) }),
		"originResponseDurationMs":    numberDimension(func(r *httpRequest) int64 { return int64(r.originDurationMS) }),
		"originResponseStatus":        numberDimension(func(r *httpRequest) int64 { return int64(r.originStatus) }),
		"requestSource":               textDimension(func(r *httpRequest) string { return r.source }),
		"sampleInterval":              numberDimension(func(*httpRequest) int64 { return 1 }),
		"securityAction":              textDimension(func(r *httpRequest) string { return r.firewallAction }),
		"securitySource":              textDimension(func(r *httpRequest) string { return r.firewallSource }),
		"userAgentBrowser":            textDimension(func(r *httpRequest) string { return r.browser }),
	})
	return dimensions
}

func asn(r *httpRequest) string { return strconv.FormatUint(uint64(r.asn), 10) }

func originDuration(r *httpRequest) float64 { return float64(r.originDurationMS) }

func timeToFirstByte(r *httpRequest) float64 { return float64(r.edgeTTFBMS) }

// statusClass tells whether an answer's status has a first digit.
func statusClass(digit uint16) func(*httpRequest) float64 {
	return func(r *httpRequest) float64 {
		if r.edgeStatus/100 == digit {
			return 1
		}
		return 0
	}
}

// ofAccount is a dataset at account scope: the events of all zones of the account, whatever these may read themselves, one zone
// after another.
func ofAccount[E timed](d dataset[E], zone func(*E) string) dataset[E] {
	ofZone := d.events
	d.dimensions = copied(d.dimensions)
	d.dimensions["zoneTag"] = textDimension(zone)
	d.events = func(sc scope, from, to int64) iter.Seq[*E] {
		return func(yield func(*E) bool) {
			for _, z := range sc.account.zones {
				for e := range ofZone(scope{zone: z, account: sc.account}, from, to) {
					if !yield(e) {
						return
					}
				}
			}
		}
	}
	return d
}

func zoneOfRequest(r *httpRequest) string { return r.zone }
