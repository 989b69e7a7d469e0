// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"strconv"
	"time"
)

// httpRequests1mGroupsDataset is the roll-up of a zone's requests by minute. Without a dimension there is one row for
// the whole window, so an answer is never cut off.
func httpRequests1mGroupsDataset() *Dataset {
	return withMeasures(Dataset{
		Name:        "httpRequests1mGroups",
		Family:      "http_requests",
		Granularity: time.Minute,
		Resolution:  time.Minute,
		Step:        6 * time.Hour,
		Permission:  "Zone > Analytics: Read",
		text:        httpRequests1mGroups_Operation,
		oneRow:      true,
	}, []measure[httpRequests1mRow]{
		rollupTotal("cloudflare.zone.requests", "requests", func(s *httpRequests1mSum) uint64 { return s.Requests }),
		rollupTotal("cloudflare.zone.requests.cached", "cachedRequests", func(s *httpRequests1mSum) uint64 { return s.CachedRequests }),
		rollupTotal("cloudflare.zone.requests.ssl_encrypted", "encryptedRequests", func(s *httpRequests1mSum) uint64 { return s.EncryptedRequests }),
		rollupTotal("cloudflare.zone.bandwidth", "bytes", func(s *httpRequests1mSum) uint64 { return s.Bytes }),
		rollupTotal("cloudflare.zone.bandwidth.cached", "cachedBytes", func(s *httpRequests1mSum) uint64 { return s.CachedBytes }),
		rollupTotal("cloudflare.zone.bandwidth.ssl_encrypted", "encryptedBytes", func(s *httpRequests1mSum) uint64 { return s.EncryptedBytes }),
		rollupTotal("cloudflare.zone.pageviews", "pageViews", func(s *httpRequests1mSum) uint64 { return s.PageViews }),
		rollupTotal("cloudflare.zone.threats", "threats", func(s *httpRequests1mSum) uint64 { return s.Threats }),

		rollupMap("cloudflare.zone.requests.browser_map.page_views", "family", "browserMap", "uaBrowserFamily", "pageViews",
			func(s *httpRequests1mSum) []httpRequests1mBrowser { return s.BrowserMap },
			func(e *httpRequests1mBrowser) (uint64, string) { return e.PageViews, e.UaBrowserFamily }),
		rollupMap("cloudflare.zone.requests.http_version", "http_version", "clientHTTPVersionMap", "clientHTTPProtocol", "requests",
			func(s *httpRequests1mSum) []httpRequests1mHTTPVersion { return s.ClientHTTPVersionMap },
			func(e *httpRequests1mHTTPVersion) (uint64, string) { return e.Requests, e.ClientHTTPProtocol }),
		rollupMap("cloudflare.zone.requests.ssl_protocol", "ssl_protocol", "clientSSLMap", "clientSSLProtocol", "requests",
			func(s *httpRequests1mSum) []httpRequests1mTLS { return s.ClientSSLMap },
			func(e *httpRequests1mTLS) (uint64, string) { return e.Requests, e.ClientSSLProtocol }),
		rollupMap("cloudflare.zone.requests.content_type", "content_type", "contentTypeMap", "edgeResponseContentTypeName", "requests",
			func(s *httpRequests1mSum) []httpRequests1mContentType { return s.ContentTypeMap },
			func(e *httpRequests1mContentType) (uint64, string) { return e.Requests, e.EdgeResponseContentTypeName }),
		rollupMap("cloudflare.zone.bandwidth.content_type", "content_type", "contentTypeMap", "edgeResponseContentTypeName", "bytes",
			func(s *httpRequests1mSum) []httpRequests1mContentType { return s.ContentTypeMap },
			func(e *httpRequests1mContentType) (uint64, string) { return e.Bytes, e.EdgeResponseContentTypeName }),
		rollupCountry("cloudflare.zone.requests.country", "requests", func(e *httpRequests1mCountry) uint64 { return e.Requests }),
		rollupCountry("cloudflare.zone.bandwidth.country", "bytes", func(e *httpRequests1mCountry) uint64 { return e.Bytes }),
		rollupCountry("cloudflare.zone.threats.country", "threats", func(e *httpRequests1mCountry) uint64 { return e.Threats }),
		rollupMap("cloudflare.zone.requests.ip_class", "ip_type", "ipClassMap", "ipType", "requests",
			func(s *httpRequests1mSum) []httpRequests1mIPClass { return s.IpClassMap },
			func(e *httpRequests1mIPClass) (uint64, string) { return e.Requests, e.IpType }),
		rollupMap("cloudflare.zone.requests.status", "status", "responseStatusMap", "edgeResponseStatus", "requests",
			func(s *httpRequests1mSum) []httpRequests1mStatus { return s.ResponseStatusMap },
			func(e *httpRequests1mStatus) (uint64, string) {
				return e.Requests, strconv.FormatUint(e.EdgeResponseStatus, 10)
			}),
		rollupMap("cloudflare.zone.threats.type", "type", "threatPathingMap", "threatPathingName", "requests",
			func(s *httpRequests1mSum) []httpRequests1mThreat { return s.ThreatPathingMap },
			func(e *httpRequests1mThreat) (uint64, string) { return e.Requests, e.ThreatPathingName }),

		{
			name: "cloudflare.zone.uniques", kind: Gauge, fields: []string{"uniq.uniques"},
			ints: func(r *httpRequests1mRow, emit func(uint64, ...string)) { emit(r.Uniq.Uniques) },
		},
		{
			name: "cloudflare.zone.cache_hit_ratio", kind: Gauge, fields: []string{"sum.requests", "sum.cachedRequests"},
			doubles: func(r *httpRequests1mRow, emit func(float64, ...string)) {
				if r.Sum.Requests > 0 {
					emit(float64(r.Sum.CachedRequests) / float64(r.Sum.Requests))
				}
			},
		},
	})
}

// rollupTotal is a counter read from one field of the roll-up's sums.
func rollupTotal(name, field string, value func(*httpRequests1mSum) uint64) measure[httpRequests1mRow] {
	return measure[httpRequests1mRow]{
		name: name, fields: []string{"sum." + field},
		ints: func(r *httpRequests1mRow, emit func(uint64, ...string)) { emit(value(&r.Sum)) },
	}
}

// rollupMap is a counter read from one of the roll-up's maps, a list of a key and its numbers. Elements that counted
// nothing make no series: the roll-up lists every country with a request also under threats.
func rollupMap[E any](name, attribute, list, key, field string,
	elements func(*httpRequests1mSum) []E, read func(*E) (uint64, string),
) measure[httpRequests1mRow] {
	path := "sum." + list + "."
	return measure[httpRequests1mRow]{
		name: name, fields: []string{path + field},
		attributes: []Attribute{{Name: attribute, Field: path + key, StatusCode: attribute == "status"}},
		ints: func(r *httpRequests1mRow, emit func(uint64, ...string)) {
			list := elements(&r.Sum)
			for i := range list {
				if v, k := read(&list[i]); v > 0 {
					emit(v, k)
				}
			}
		},
	}
}

// rollupCountry is a counter read from the roll-up's countries.
func rollupCountry(name, field string, value func(*httpRequests1mCountry) uint64) measure[httpRequests1mRow] {
	m := rollupMap(name, "country", "countryMap", "clientCountryName", field,
		func(s *httpRequests1mSum) []httpRequests1mCountry { return s.CountryMap },
		func(e *httpRequests1mCountry) (uint64, string) { return value(e), e.ClientCountryName })
	byCountry := m.ints
	m.attributes = byRegion(m.attributes[0].Field)
	m.ints = func(r *httpRequests1mRow, emit func(uint64, ...string)) {
		byCountry(r, func(v uint64, country ...string) { emit(v, country[0], region(country[0])) })
	}
	return m
}
