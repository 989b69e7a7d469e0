// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// healthCheckEventsAdaptiveGroupsDataset is the results of a zone's standalone health checks.
func healthCheckEventsAdaptiveGroupsDataset() *Dataset {
	d := zoneEvents("healthCheckEventsAdaptiveGroups", "health_checks", healthCheckEventsAdaptiveGroups_Operation)
	return withMeasures(d, []measure[healthCheckEventsRow]{
		counted("cloudflare.zone.health_check.events_origin", "count",
			[]Attribute{
				by("health_status", "healthStatus"), by("origin_ip", "originIP"), by("region", "region"),
				by("fqdn", "fqdn"), by("failure_reason", "failureReason"),
			},
			func(r *healthCheckEventsRow) uint64 { return r.Count },
			func(r *healthCheckEventsRow) []string {
				d := &r.Dimensions
				return []string{d.HealthStatus, d.OriginIP, d.Region, d.Fqdn, d.FailureReason}
			}),
	})
}

// healthCheckEventsAdaptiveGroupsTimingsDataset is how long a zone's standalone health checks took, by origin.
func healthCheckEventsAdaptiveGroupsTimingsDataset() *Dataset {
	d := zoneEvents("healthCheckEventsAdaptiveGroups.timings", "health_check_timings", healthCheckEventsAdaptiveGroupsTimings_Operation)
	type avg = healthCheckEventsTimingsAvg
	return withMeasures(d, []measure[healthCheckEventsTimingsRow]{
		healthCheckTiming("rtt", "rttMs", func(a *avg) uint64 { return a.RttMs }),
		healthCheckTiming("tcp_connection", "tcpConnMs", func(a *avg) uint64 { return uint64(a.TcpConnMs) }),
		healthCheckTiming("tls_handshake", "tlsHandshakeMs", func(a *avg) uint64 { return uint64(a.TlsHandshakeMs) }),
		healthCheckTiming("ttfb", "timeToFirstByteMs", func(a *avg) uint64 { return uint64(a.TimeToFirstByteMs) }),
	})
}

// healthCheckTiming is an average in seconds, of milliseconds in the schema. What a check did not do is 0 there, such as
// the TLS handshake of plain HTTP, so 0 says that nothing was measured.
func healthCheckTiming(word, field string, value func(*healthCheckEventsTimingsAvg) uint64) measure[healthCheckEventsTimingsRow] {
	return measure[healthCheckEventsTimingsRow]{
		name: "cloudflare.zone.health_check." + word, kind: Gauge, fields: []string{"avg." + field},
		attributes: []Attribute{by("origin_ip", "originIP"), by("fqdn", "fqdn")},
		doubles: func(r *healthCheckEventsTimingsRow, emit func(float64, ...string)) {
			if v := value(&r.Avg); v > 0 {
				emit(float64(v)/1000, r.Dimensions.OriginIP, r.Dimensions.Fqdn)
			}
		},
	}
}
