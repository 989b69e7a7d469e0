// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReadHTTPRequests(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		row              string
		counters, gauges []string
	}{
		"status": {
			row: `{"count": 101, "dimensions": {"edgeResponseStatus": 404, "clientCountryName": "DE", "clientRequestHTTPHost": "a"}}`,
			counters: []string{
				"cloudflare.zone.requests.status_country_host{edge_status=404,country=DE,host=a} 101",
			},
		},
		"cacheMiss": {
			row:    `{"avg": {"originResponseDurationMs": 1250}, "dimensions": {"clientCountryName": "DE", "clientRequestHTTPHost": "a"}}`,
			gauges: []string{"cloudflare.zone.cache_miss_origin_duration{country=DE,host=a} 1.25"},
		},
		"cacheStatus": {
			row: `{"count": 101, "sum": {"edgeResponseBytes": 102}, "dimensions": {"cacheStatus": "hit", "clientRequestHTTPHost": "a"}}`,
			counters: []string{
				"cloudflare.zone.requests.cache_status{cache_status=hit,host=a} 101",
				"cloudflare.zone.bandwidth.cache_status{cache_status=hit,host=a} 102",
			},
		},
		"method": {
			row:      `{"count": 101, "dimensions": {"clientRequestHTTPMethodName": "PUT"}}`,
			counters: []string{"cloudflare.zone.requests.by_method{method=PUT} 101"},
		},
		"asn": {
			row: `{"count": 101, "sum": {"edgeResponseBytes": 102}, "dimensions": {"clientAsn": "3320", "clientASNDescription": "DTAG"}}`,
			counters: []string{
				"cloudflare.zone.requests.asn{asn=3320,asn_description=DTAG} 101",
				"cloudflare.zone.bandwidth.asn{asn=3320,asn_description=DTAG} 102",
			},
		},
		"bots": {
			row:      `{"count": 101, "dimensions": {"clientCountryName": "DE"}}`,
			counters: []string{"cloudflare.zone.bot_requests.country{country=DE} 101"},
		},
		"colo": {
			row: `{"count": 101, "sum": {"visits": 102, "edgeResponseBytes": 103}, "dimensions": {"coloCode": "FRA", "clientRequestHTTPHost": "a"}}`,
			counters: []string{
				"cloudflare.zone.colocation.requests{colo=FRA,host=a} 101",
				"cloudflare.zone.colocation.visits{colo=FRA,host=a} 102",
				"cloudflare.zone.colocation.edge_response{colo=FRA,host=a} 103",
			},
		},
		"coloErrors": {
			row: `{"count": 101, "sum": {"visits": 0, "edgeResponseBytes": 103},
			  "dimensions": {"coloCode": "FRA", "clientRequestHTTPHost": "a", "edgeResponseStatus": 503}}`,
			counters: []string{ // no visits, no series of visits
				"cloudflare.zone.colocation.error.requests{colo=FRA,host=a,status=503} 101",
				"cloudflare.zone.colocation.error.edge_response{colo=FRA,host=a,status=503} 103",
			},
		},
		"errorPaths": {
			row: `{"count": 101, "dimensions":
			  {"edgeResponseStatus": 404, "clientRequestHTTPHost": "a", "clientRequestPath": "/users/42/a/b/c?token=x"}}`,
			counters: []string{"cloudflare.zone.edge_errors.path{status=404,host=a,path=/users/:id/a/b/…} 101"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := byName(t, "httpRequestsAdaptiveGroups."+name)
			assert.Contains(t, d.Operation.Filters(), "dimensions.requestSource", "visitors' requests only")
			assert.Equal(t, tt.counters, read(t, d, "["+tt.row+"]", Counter, d.all()))
			assert.Equal(t, tt.gauges, read(t, d, "["+tt.row+"]", Gauge, d.all()))
		})
	}
}

func TestReadTotals(t *testing.T) {
	t.Parallel()
	const dimensions = `"edgeResponseStatus": 200, "clientCountryName": "DE", "clientRequestHTTPProtocol": "HTTP/2"`
	d := byName(t, "httpRequestsAdaptiveGroups.totals")
	for name, tt := range map[string]struct {
		cache, tls string
		conditions []string
		ratio      string
	}{
		"from the cache with TLS": {
			cache: "hit", tls: "TLSv1.3", ratio: "1",
			conditions: []string{
				"cloudflare.zone.requests.cached{} 101", "cloudflare.zone.requests.ssl_encrypted{} 101",
				"cloudflare.zone.bandwidth.cached{} 102", "cloudflare.zone.bandwidth.ssl_encrypted{} 102",
			},
		},
		"from the origin with TLS": {
			cache: "dynamic", tls: "TLSv1.2", ratio: "0",
			conditions: []string{"cloudflare.zone.requests.ssl_encrypted{} 101", "cloudflare.zone.bandwidth.ssl_encrypted{} 102"},
		},
		"from the cache without TLS": {
			cache: "revalidated", tls: "none", ratio: "1",
			conditions: []string{"cloudflare.zone.requests.cached{} 101", "cloudflare.zone.bandwidth.cached{} 102"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := `[{"count": 101, "sum": {"edgeResponseBytes": 102}, "dimensions": {` + dimensions +
				`, "cacheStatus": "` + tt.cache + `", "clientSSLProtocol": "` + tt.tls + `"}}]`
			assert.ElementsMatch(t, append([]string{
				"cloudflare.zone.requests{} 101",
				"cloudflare.zone.bandwidth{} 102",
				"cloudflare.zone.requests.http_version{http_version=HTTP/2} 101",
				"cloudflare.zone.requests.ssl_protocol{ssl_protocol=" + tt.tls + "} 101",
				"cloudflare.zone.requests.country{country=DE,region=Europe} 101",
				"cloudflare.zone.bandwidth.country{country=DE,region=Europe} 102",
				"cloudflare.zone.requests.status{status=200} 101",
			}, tt.conditions...), read(t, d, rows, Counter, d.all()))
			assert.Equal(t, []string{"cloudflare.zone.cache_hit_ratio{} " + tt.ratio}, read(t, d, rows, Gauge, d.all()))
		})
	}
	assert.Empty(t, read(t, d, "[]", Gauge, d.all()), "there is no hit ratio of nothing")
	assert.Equal(t, []string{"cloudflare.zone.cache_hit_ratio{} 0.75"}, read(t, d, `[
	  {"count": 2, "dimensions": {"cacheStatus": "hit"}}, {"count": 1, "dimensions": {"cacheStatus": "miss"}},
	  {"count": 1, "dimensions": {"cacheStatus": "stale"}}]`, Gauge, d.all()))
}

// The roll-up counts as cached what the cache answered, fresh or not.
func TestFromCache(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]bool{
		"hit": true, "stale": true, "updating": true, "revalidated": true, "stream_hit": true,
		"miss": false, "expired": false, "bypass": false, "dynamic": false, "ignored": false, "deferred": false, "none": false,
		"unknown": false, "": false,
	} {
		assert.Equal(t, want, fromCache(status), status)
	}
}

func TestReadOrigin(t *testing.T) {
	t.Parallel()
	d := byName(t, "httpRequestsAdaptiveGroups.origin")
	for status, want := range map[string][]string{
		"200": nil, "399": nil,
		"400": {"cloudflare.zone.customer_error.4xx{status=400,country=DE,host=a} 7"},
		"499": {"cloudflare.zone.customer_error.4xx{status=499,country=DE,host=a} 7"},
		"500": {"cloudflare.zone.customer_error.5xx{status=500,country=DE,host=a} 7"},
		"599": {"cloudflare.zone.customer_error.5xx{status=599,country=DE,host=a} 7"},
		"600": nil,
	} {
		all := append([]string{"cloudflare.zone.requests.origin_status_country_host{origin_status=" + status + ",country=DE,host=a} 7"}, want...)
		rows := `[{"count": 7, "dimensions": {"originResponseStatus": ` + status + `, "clientCountryName": "DE", "clientRequestHTTPHost": "a"}}]`
		assert.Equal(t, all, read(t, d, rows, Counter, d.all()))
	}

	const of = "{origin_status=200,country=DE,host=a"
	assert.Equal(t, []string{
		"cloudflare.zone.origin_response_duration" + of + "} 0.25",
		"cloudflare.zone.origin_response_duration.quantiles" + of + ",quantile=P50} 0.2",
		"cloudflare.zone.origin_response_duration.quantiles" + of + ",quantile=P95} 0.4",
		"cloudflare.zone.origin_response_duration.quantiles" + of + ",quantile=P99} 1.5",
		"cloudflare.zone.origin_error_rate{} 0.25",
	}, read(t, d, `[
	  {"count": 6, "avg": {"originResponseDurationMs": 250},
	    "quantiles": {"originResponseDurationMsP50": 200, "originResponseDurationMsP95": 400, "originResponseDurationMsP99": 1500},
	    "dimensions": {"originResponseStatus": 200, "clientCountryName": "DE", "clientRequestHTTPHost": "a"}},
	  {"count": 2, "avg": null, "quantiles": null, "dimensions": {"originResponseStatus": 503}}
	]`, Gauge, d.all()), "times of nothing are left out")
	assert.Empty(t, read(t, d, "[]", Gauge, d.all()))
}

func TestReadHosts(t *testing.T) {
	t.Parallel()
	d := byName(t, "httpRequestsAdaptiveGroups.host")
	const rows = `[
	  {"count": 6, "ratio": {"status4xx": 0.25, "status5xx": 0.25}, "dimensions": {"clientRequestHTTPHost": "a"}, "quantiles": {
	    "edgeTimeToFirstByteMsP50": 0, "edgeTimeToFirstByteMsP95": 20, "edgeTimeToFirstByteMsP99": 30,
	    "originResponseDurationMsP50": 100, "originResponseDurationMsP95": 200, "originResponseDurationMsP99": 300}},
	  {"count": 2, "ratio": {"status4xx": 0, "status5xx": 0}, "dimensions": {"clientRequestHTTPHost": "b"}, "quantiles": null}
	]`
	assert.Equal(t, []string{
		"cloudflare.zone.hostname.edge_ttfb{host=a,quantile=P50} 0",
		"cloudflare.zone.hostname.edge_ttfb{host=a,quantile=P95} 0.02",
		"cloudflare.zone.hostname.edge_ttfb{host=a,quantile=P99} 0.03",
		"cloudflare.zone.hostname.origin_response_duration{host=a,quantile=P50} 0.1",
		"cloudflare.zone.hostname.origin_response_duration{host=a,quantile=P95} 0.2",
		"cloudflare.zone.hostname.origin_response_duration{host=a,quantile=P99} 0.3",
		"cloudflare.zone.hostname.error_rate{host=a} 0.5",
		"cloudflare.zone.hostname.error_rate{host=b} 0",
		"cloudflare.zone.edge_error_rate{} 0.375",
	}, read(t, d, rows, Gauge, d.all()))
	assert.Empty(t, read(t, d, rows, Counter, d.all()))
	assert.Empty(t, read(t, d, "[]", Gauge, d.all()))
}

// Totals of counters that only some rows count for are grouped by what decides it.
func TestKeepTotalOfConditions(t *testing.T) {
	t.Parallel()
	for name, conditions := range map[string][]string{
		"totals": {"dimensions.cacheStatus", "dimensions.clientSSLProtocol"},
		"origin": {"dimensions.originResponseStatus"},
		"colo":   nil,
	} {
		d := byName(t, "httpRequestsAdaptiveGroups."+name)
		keep := d.KeepTotal(d.all())
		assert.True(t, keep("count"), name)
		var grouped []string
		for _, field := range d.Operation.Fields() {
			if strings.HasPrefix(field, "dimensions.") && keep(field) {
				grouped = append(grouped, field)
			}
		}
		assert.ElementsMatch(t, conditions, grouped, name)
	}
}
