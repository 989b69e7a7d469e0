// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReadHealthChecks(t *testing.T) {
	t.Parallel()
	d := byName(t, "healthCheckEventsAdaptiveGroups")
	const rows = `[
	  {"count": 101, "dimensions":
	    {"healthStatus": "healthy", "originIP": "192.0.2.1", "region": "WEU", "fqdn": "a.example.com", "failureReason": ""}},
	  {"count": 102, "dimensions":
	    {"healthStatus": "unhealthy", "originIP": "192.0.2.1", "region": "WEU", "fqdn": "a.example.com", "failureReason": "TCP timeout"}}
	]`
	assert.Equal(t, []string{
		"cloudflare.zone.health_check.events_origin{health_status=healthy,origin_ip=192.0.2.1,region=WEU,fqdn=a.example.com,failure_reason=} 101",
		"cloudflare.zone.health_check.events_origin{health_status=unhealthy,origin_ip=192.0.2.1,region=WEU,fqdn=a.example.com,failure_reason=TCP timeout} 102",
	}, read(t, d, rows, Counter, d.all()))
	assert.Empty(t, read(t, d, rows, Gauge, d.all()))
}

func TestReadHealthCheckTimings(t *testing.T) {
	t.Parallel()
	const of = "{origin_ip=192.0.2.1,fqdn=a.example.com} "
	for name, tt := range map[string]struct {
		avg    string
		gauges []string
	}{
		"HTTPS": {
			avg: `{"rttMs": 1201, "tcpConnMs": 202, "tlsHandshakeMs": 203, "timeToFirstByteMs": 204}`,
			gauges: []string{
				"cloudflare.zone.health_check.rtt" + of + "1.201",
				"cloudflare.zone.health_check.tcp_connection" + of + "0.202",
				"cloudflare.zone.health_check.tls_handshake" + of + "0.203",
				"cloudflare.zone.health_check.ttfb" + of + "0.204",
			},
		},
		"plain HTTP has no handshake": {
			avg: `{"rttMs": 201, "tcpConnMs": 202, "tlsHandshakeMs": 0, "timeToFirstByteMs": 204}`,
			gauges: []string{
				"cloudflare.zone.health_check.rtt" + of + "0.201",
				"cloudflare.zone.health_check.tcp_connection" + of + "0.202",
				"cloudflare.zone.health_check.ttfb" + of + "0.204",
			},
		},
		"no connection": {avg: `{"rttMs": 0, "tcpConnMs": 0, "tlsHandshakeMs": 0, "timeToFirstByteMs": 0}`},
		"null":          {avg: `null`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := byName(t, "healthCheckEventsAdaptiveGroups.timings")
			rows := `[{"avg": ` + tt.avg + `, "dimensions": {"originIP": "192.0.2.1", "fqdn": "a.example.com"}}]`
			assert.Equal(t, tt.gauges, read(t, d, rows, Gauge, d.all()))
			assert.Empty(t, read(t, d, rows, Counter, d.all()))
		})
	}
}
