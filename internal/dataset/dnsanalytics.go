// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// dnsAnalyticsAdaptiveGroupsDataset is the DNS queries that Cloudflare answered for a zone.
func dnsAnalyticsAdaptiveGroupsDataset() *Dataset {
	type row = dnsAnalyticsRow
	attributes := []Attribute{by("query_type", "queryType"), by("response_code", "responseCode")}
	values := func(r *row) []string { return []string{r.Dimensions.QueryType, r.Dimensions.ResponseCode} }
	d := zoneEvents("dnsAnalyticsAdaptiveGroups", "dns", dnsAnalyticsAdaptiveGroups_Operation)
	return withMeasures(d, []measure[row]{
		counted("cloudflare.zone.dns.queries", "count", attributes, func(r *row) uint64 { return r.Count }, values),
		quantiles("cloudflare.zone.dns.processing_time", "processingTimeUs", []string{"P50", "P90", "P99"}, microseconds, attributes,
			func(r *row) []float64 {
				q := &r.Quantiles
				return []float64{q.ProcessingTimeUsP50, q.ProcessingTimeUsP90, q.ProcessingTimeUsP99}
			}, values),
	})
}
