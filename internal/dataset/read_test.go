// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// rollupRow has another value in each field, so that none can stand in for another.
const rollupRow = `{
  "sum": {
    "requests": 101, "cachedRequests": 102, "encryptedRequests": 103, "bytes": 104, "cachedBytes": 105, "encryptedBytes": 106,
    "pageViews": 107, "threats": 108,
    "browserMap": [{"uaBrowserFamily": "Chrome", "pageViews": 201}, {"uaBrowserFamily": "Curl", "pageViews": 0}],
    "clientHTTPVersionMap": [{"clientHTTPProtocol": "HTTP/2", "requests": 202}],
    "clientSSLMap": [{"clientSSLProtocol": "TLSv1.3", "requests": 203}],
    "contentTypeMap": [{"edgeResponseContentTypeName": "html", "requests": 204, "bytes": 205}],
    "countryMap": [
      {"clientCountryName": "DE", "requests": 206, "bytes": 207, "threats": 208},
      {"clientCountryName": "IS", "requests": 209, "bytes": 0, "threats": 0}
    ],
    "ipClassMap": [{"ipType": "clean", "requests": 210}],
    "responseStatusMap": [{"edgeResponseStatus": 503, "requests": 211}],
    "threatPathingMap": [{"threatPathingName": "bic.ban.unknown", "requests": 212}]
  },
  "uniq": {"uniques": 301}
}`

const workersRow = `{
  "dimensions": {"scriptName": "auth", "status": "success"},
  "sum": {"requests": 101, "errors": 102, "subrequests": 103, "duration": 0.625},
  "quantiles": {
    "cpuTimeP50": 201, "cpuTimeP75": 202, "cpuTimeP99": 203, "cpuTimeP999": 204,
    "wallTimeP50": 301, "wallTimeP75": 302, "wallTimeP99": 303, "wallTimeP999": 304,
    "durationP50": 401, "durationP75": 402, "durationP99": 403, "durationP999": 404
  }
}`

const firewallRow = `{
  "count": 101,
  "dimensions": {
    "action": "block", "source": "firewallmanaged", "ruleId": "r1", "clientRequestHTTPHost": "www.example.com", "clientCountryName": "DE"
  }
}`

func TestReadFromEveryField(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		row              string
		counters, gauges []string
	}{
		"httpRequests1mGroups": {
			row: rollupRow,
			counters: []string{
				"cloudflare.zone.requests{} 101",
				"cloudflare.zone.requests.cached{} 102",
				"cloudflare.zone.requests.ssl_encrypted{} 103",
				"cloudflare.zone.bandwidth{} 104",
				"cloudflare.zone.bandwidth.cached{} 105",
				"cloudflare.zone.bandwidth.ssl_encrypted{} 106",
				"cloudflare.zone.pageviews{} 107",
				"cloudflare.zone.threats{} 108",
				"cloudflare.zone.requests.browser_map.page_views{family=Chrome} 201",
				"cloudflare.zone.requests.http_version{http_version=HTTP/2} 202",
				"cloudflare.zone.requests.ssl_protocol{ssl_protocol=TLSv1.3} 203",
				"cloudflare.zone.requests.content_type{content_type=html} 204",
				"cloudflare.zone.bandwidth.content_type{content_type=html} 205",
				"cloudflare.zone.requests.country{country=DE,region=Europe} 206",
				"cloudflare.zone.requests.country{country=IS,region=Europe} 209",
				"cloudflare.zone.bandwidth.country{country=DE,region=Europe} 207",
				"cloudflare.zone.threats.country{country=DE,region=Europe} 208",
				"cloudflare.zone.requests.ip_class{ip_type=clean} 210",
				"cloudflare.zone.requests.status{status=503} 211",
				"cloudflare.zone.threats.type{type=bic.ban.unknown} 212",
			},
			gauges: []string{"cloudflare.zone.uniques{} 301", "cloudflare.zone.cache_hit_ratio{} 1.00990099"},
		},
		"workersInvocationsAdaptive": {
			row: workersRow,
			counters: []string{
				"cloudflare.worker.requests{script_name=auth,status=success} 101",
				"cloudflare.worker.errors{script_name=auth,status=success} 102",
				"cloudflare.worker.subrequests{script_name=auth,status=success} 103",
				"cloudflare.worker.duration.gigabyte_seconds{script_name=auth,status=success} 0.625",
			},
			gauges: []string{
				"cloudflare.worker.cpu_time{script_name=auth,status=success,quantile=P50} 0.000201",
				"cloudflare.worker.cpu_time{script_name=auth,status=success,quantile=P75} 0.000202",
				"cloudflare.worker.cpu_time{script_name=auth,status=success,quantile=P99} 0.000203",
				"cloudflare.worker.cpu_time{script_name=auth,status=success,quantile=P999} 0.000204",
				"cloudflare.worker.wall_time{script_name=auth,status=success,quantile=P50} 0.000301",
				"cloudflare.worker.wall_time{script_name=auth,status=success,quantile=P75} 0.000302",
				"cloudflare.worker.wall_time{script_name=auth,status=success,quantile=P99} 0.000303",
				"cloudflare.worker.wall_time{script_name=auth,status=success,quantile=P999} 0.000304",
				"cloudflare.worker.invocation.duration.gigabyte_seconds{script_name=auth,status=success,quantile=P50} 401",
				"cloudflare.worker.invocation.duration.gigabyte_seconds{script_name=auth,status=success,quantile=P75} 402",
				"cloudflare.worker.invocation.duration.gigabyte_seconds{script_name=auth,status=success,quantile=P99} 403",
				"cloudflare.worker.invocation.duration.gigabyte_seconds{script_name=auth,status=success,quantile=P999} 404",
			},
		},
		"firewallEventsAdaptiveGroups": {
			row: firewallRow,
			counters: []string{
				"cloudflare.zone.firewall.events{action=block,source=firewallmanaged,rule_id=r1,host=www.example.com,country=DE} 101",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := byName(t, name)
			assert.Equal(t, tt.counters, read(t, d, "["+tt.row+"]", Counter, d.all()))
			assert.Equal(t, tt.gauges, read(t, d, "["+tt.row+"]", Gauge, d.all()))
		})
	}
}

// A metric is read alike alone, from a row that has no more than its own fields, and together with the others.
func TestReadFromPrunedRows(t *testing.T) {
	t.Parallel()
	// Rows count for some metrics only with certain values of their conditions.
	counting := map[string]any{
		"cloudflare.zone.requests.cached":    "hit",
		"cloudflare.zone.bandwidth.cached":   "hit",
		"cloudflare.zone.customer_error.4xx": 404,
		"cloudflare.zone.customer_error.5xx": 503,
	}
	for _, d := range load(t) {
		for i, m := range d.Metrics {
			value := 0
			values := map[string]any{}
			for _, path := range d.Operation.Fields() {
				value++
				values[path] = leafOf(t, d, path, value)
				if v, known := counting[m.Name]; known && slices.Contains(m.Conditions, path) {
					values[path] = v
				}
			}
			whole := encode(t, tree(d.Operation.Fields(), func(path string) any { return values[path] }))
			keep, needed := d.Keep(m.Kind, d.only(i))
			require.True(t, needed, m.Name)
			var kept []string
			for _, path := range d.Operation.Fields() {
				if keep(path) {
					kept = append(kept, path)
				}
			}
			assert.ElementsMatch(t, m.reads(), kept, m.Name)
			pruned := encode(t, tree(kept, func(path string) any { return values[path] }))
			got := read(t, d, pruned, m.Kind, d.only(i))
			assert.NotEmpty(t, got, m.Name)
			assert.Equal(t, read(t, d, whole, m.Kind, d.only(i)), got, m.Name)
		}
	}
}

func encode(t *testing.T, row map[string]any) string {
	t.Helper()
	data, err := json.Marshal([]any{row})
	require.NoError(t, err)
	return string(data)
}

func TestReadSeveralRows(t *testing.T) {
	t.Parallel()
	d := byName(t, "firewallEventsAdaptiveGroups")
	got := read(t, d, "["+firewallRow+","+firewallRow+"]", Counter, d.all())
	require.Len(t, got, 2, "equal label sets are the ledger's to add up")
	assert.Equal(t, got[0], got[1])
}

func TestReadNothing(t *testing.T) {
	t.Parallel()
	rollup := byName(t, "httpRequests1mGroups")
	assert.Equal(t, []string{"cloudflare.zone.requests{} 0"}, read(t, rollup, "[]", Counter, rollup.only(0)),
		"a roll-up without a row has counted nothing")
	got := read(t, rollup, "[]", Counter, rollup.all())
	assert.Len(t, got, 8, "no elements of maps")
	assert.Equal(t, []string{"cloudflare.zone.uniques{} 0"}, read(t, rollup, "[]", Gauge, rollup.all()),
		"there is no hit ratio of nothing")
	assert.Empty(t, read(t, rollup, "["+rollupRow+"]", Counter, make([]bool, len(rollup.Metrics))), "nothing is wanted")
	for _, name := range []string{"workersInvocationsAdaptive", "firewallEventsAdaptiveGroups"} {
		d := byName(t, name)
		assert.Empty(t, read(t, d, " [ ] ", Counter, d.all()), name)
		assert.Empty(t, read(t, d, "[]", Gauge, d.all()), name)
	}
}

// The schema lets dimensions, sum, quantiles and uniq be null.
func TestReadNull(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ row, want string }{
		"httpRequests1mGroups":         {`{"sum":null,"uniq":null}`, "cloudflare.zone.requests{} 0"},
		"workersInvocationsAdaptive":   {`{"sum":{"requests":7},"dimensions":null,"quantiles":null}`, "cloudflare.worker.requests{script_name=,status=} 7"},
		"firewallEventsAdaptiveGroups": {`{"count":7,"dimensions":null}`, "cloudflare.zone.firewall.events{action=,source=,rule_id=,host=,country=} 7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := byName(t, name)
			assert.Equal(t, []string{tt.want}, read(t, d, "["+tt.row+"]", Counter, d.only(0)))
			assert.NotPanics(t, func() { read(t, d, "["+tt.row+"]", Gauge, d.all()) })
		})
	}
}

func TestReadLargeNumbers(t *testing.T) {
	t.Parallel()
	d := byName(t, "firewallEventsAdaptiveGroups")
	for number, want := range map[string]string{
		"9007199254740993":    "9007199254740993",    // 2^53 + 1 has no float64
		"9223372036854775807": "9223372036854775807", // 2^63 - 1
	} {
		got := read(t, d, `[{"count":`+number+`,"dimensions":{}}]`, Counter, d.all())
		assert.Equal(t, []string{"cloudflare.zone.firewall.events{action=,source=,rule_id=,host=,country=} " + want}, got)
	}
}

// A value that cannot be a number of events makes the answer malformed; nothing of it is counted.
func TestReadImpossibleNumbers(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string]string{
		"firewallEventsAdaptiveGroups": `[{"count":1,"dimensions":{}},{"count":18446744073709551615,"dimensions":{}}]`,
		"workersInvocationsAdaptive":   `[{"sum":{"duration":1},"dimensions":{}},{"sum":{"duration":-0.5},"dimensions":{}}]`,
	} {
		d := byName(t, name)
		_, err := d.Read(json.RawMessage(rows), Counter, d.all(), func(Point) { assert.Fail(t, "a point of a malformed answer", name) })
		assert.Equal(t, cloudflare.ClassMalformed, cloudflare.ClassOf(err), name)
	}
}

func TestReadMalformed(t *testing.T) {
	t.Parallel()
	const good = `{"count":1,"dimensions":{}}`
	for name, rows := range map[string]string{
		"nothing":            ``,
		"null":               `null`,
		"an object":          good,
		"a text":             `"[]"`,
		"broken off":         `[` + good + `,{"count":`,
		"a null row":         `[` + good + `,null]`,
		"a row of a list":    `[` + good + `,[]]`,
		"a text for a count": `[` + good + `,{"count":"1"}]`,
		"a negative count":   `[` + good + `,{"count":-1}]`,
		"a fraction":         `[` + good + `,{"count":1.5}]`,
		"beyond 64 bits":     `[` + good + `,{"count":18446744073709551616}]`,
		"a number for a key": `[` + good + `,{"count":1,"dimensions":{"action":1}}]`,
		"a list for a group": `[` + good + `,{"count":1,"dimensions":[]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := byName(t, "firewallEventsAdaptiveGroups")
			_, err := d.Read(json.RawMessage(rows), Counter, d.all(), func(Point) { assert.Fail(t, "a point of a malformed answer") })
			require.Error(t, err)
			assert.Equal(t, cloudflare.ClassMalformed, cloudflare.ClassOf(err))
			assert.ErrorContains(t, err, "firewallEventsAdaptiveGroups")
		})
	}
}

// Whatever the answer is, it is read whole or refused whole, and what is read is fit for the metric.
func FuzzRead(f *testing.F) {
	for _, rows := range []string{"[]", "null", "[{}]", "[" + rollupRow + "]", "[" + workersRow + "]", "[" + firewallRow + "]", `[{"sum":{"duration":1e308}}]`} {
		f.Add([]byte(rows))
	}
	list := load(f)
	f.Fuzz(func(t *testing.T, rows []byte) {
		for _, d := range list {
			for _, kind := range []Kind{Counter, Gauge} {
				emitted := 0
				_, err := d.Read(rows, kind, d.all(), func(p Point) {
					emitted++
					m := d.Metrics[p.Metric]
					assert.Equal(t, kind, m.Kind)
					assert.Len(t, p.Attributes, len(m.Attributes))
					assert.GreaterOrEqual(t, p.Int, int64(0))
					assert.True(t, m.Double || p.Double == 0, "an integer metric has no double")
				})
				if err != nil {
					assert.Equal(t, cloudflare.ClassMalformed, cloudflare.ClassOf(err))
					assert.Zero(t, emitted)
				}
			}
		}
	})
}
