// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// httpRequestsAdaptiveGroupsHostDataset is how well each host of a zone was served. The ratios of statuses are fractions,
// 0 to 1: the schema does not say so, but clients that show percentages multiply them by 100.
func httpRequestsAdaptiveGroupsHostDataset() *Dataset {
	type row = httpAdaptiveHostRow
	hosts := []Attribute{by("host", "clientRequestHTTPHost")}
	host := func(r *row) []string { return []string{r.Dimensions.ClientRequestHTTPHost} }
	errors := func(r *row) float64 { return r.Ratio.Status4xx + r.Ratio.Status5xx }
	return withMeasures(httpAdaptive("host", "http_host", httpRequestsAdaptiveGroupsHost_Operation), []measure[row]{
		timeQuantiles("cloudflare.zone.hostname.edge_ttfb", "edgeTimeToFirstByteMs", hosts, func(r *row) []float64 {
			q := &r.Quantiles
			return []float64{q.EdgeTimeToFirstByteMsP50, q.EdgeTimeToFirstByteMsP95, q.EdgeTimeToFirstByteMsP99}
		}, host),
		timeQuantiles("cloudflare.zone.hostname.origin_response_duration", "originResponseDurationMs", hosts, func(r *row) []float64 {
			q := &r.Quantiles
			return []float64{q.OriginResponseDurationMsP50, q.OriginResponseDurationMsP95, q.OriginResponseDurationMsP99}
		}, host),
		{
			name: "cloudflare.zone.hostname.error_rate", kind: Gauge, attributes: hosts,
			fields:  []string{"ratio.status4xx", "ratio.status5xx"},
			doubles: func(r *row, emit func(float64, ...string)) { emit(errors(r), host(r)...) },
		},
		share("cloudflare.zone.edge_error_rate", []string{"count", "ratio.status4xx", "ratio.status5xx"},
			func(r *row) (part, all float64) { return float64(r.Count) * errors(r), float64(r.Count) }),
	})
}
