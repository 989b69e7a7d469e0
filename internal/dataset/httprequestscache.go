// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// httpRequestsAdaptiveGroupsCacheStatusDataset is a zone's requests by what the cache did.
func httpRequestsAdaptiveGroupsCacheStatusDataset() *Dataset {
	type row = httpAdaptiveCacheStatusRow
	attributes := []Attribute{by("cache_status", "cacheStatus"), by("host", "clientRequestHTTPHost")}
	values := func(r *row) []string { return []string{r.Dimensions.CacheStatus, r.Dimensions.ClientRequestHTTPHost} }
	return withMeasures(httpAdaptive("cacheStatus", "http_cache_status", httpRequestsAdaptiveGroupsCacheStatus_Operation), []measure[row]{
		counted("cloudflare.zone.requests.cache_status", "count", attributes, func(r *row) uint64 { return r.Count }, values),
		counted("cloudflare.zone.bandwidth.cache_status", "sum.edgeResponseBytes", attributes,
			func(r *row) uint64 { return r.Sum.EdgeResponseBytes }, values),
	})
}
