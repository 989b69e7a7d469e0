// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// plainHTTP is the TLS version of requests without TLS.
const plainHTTP = "none"

// httpRequestsAdaptiveGroupsTotalsDataset is for zones that may not read the roll-up: what the roll-up counts, as far as
// sampled requests tell it.
func httpRequestsAdaptiveGroupsTotalsDataset() *Dataset {
	type row = httpAdaptiveTotalsRow
	d := httpAdaptive("totals", "http_requests", httpRequestsAdaptiveGroupsTotals_Operation)
	d.Fallback = true

	requests := func(name string, attributes []Attribute, values func(*row) []string) measure[row] {
		return counted(name, "count", attributes, func(r *row) uint64 { return r.Count }, values)
	}
	bandwidth := func(name string, attributes []Attribute, values func(*row) []string) measure[row] {
		return counted(name, "sum.edgeResponseBytes", attributes, func(r *row) uint64 { return r.Sum.EdgeResponseBytes }, values)
	}
	none := func(*row) []string { return nil }
	cached := func(r *row) bool { return fromCache(r.Dimensions.CacheStatus) }
	encrypted := func(r *row) bool { return r.Dimensions.ClientSSLProtocol != plainHTTP }
	countries := func(r *row) []string {
		return []string{r.Dimensions.ClientCountryName, region(r.Dimensions.ClientCountryName)}
	}

	const cacheStatus, tls, country = "dimensions.cacheStatus", "dimensions.clientSSLProtocol", "dimensions.clientCountryName"
	return withMeasures(d, []measure[row]{
		requests("cloudflare.zone.requests", nil, none),
		requests("cloudflare.zone.requests.cached", nil, none).where(cacheStatus, cached),
		requests("cloudflare.zone.requests.ssl_encrypted", nil, none).where(tls, encrypted),
		bandwidth("cloudflare.zone.bandwidth", nil, none),
		bandwidth("cloudflare.zone.bandwidth.cached", nil, none).where(cacheStatus, cached),
		bandwidth("cloudflare.zone.bandwidth.ssl_encrypted", nil, none).where(tls, encrypted),

		requests("cloudflare.zone.requests.http_version", []Attribute{by("http_version", "clientRequestHTTPProtocol")},
			func(r *row) []string { return []string{r.Dimensions.ClientRequestHTTPProtocol} }),
		requests("cloudflare.zone.requests.ssl_protocol", []Attribute{by("ssl_protocol", "clientSSLProtocol")},
			func(r *row) []string { return []string{r.Dimensions.ClientSSLProtocol} }),
		requests("cloudflare.zone.requests.country", byRegion(country), countries),
		bandwidth("cloudflare.zone.bandwidth.country", byRegion(country), countries),
		requests("cloudflare.zone.requests.status", []Attribute{byStatus("status", "edgeResponseStatus")},
			func(r *row) []string { return []string{statusText(r.Dimensions.EdgeResponseStatus)} }),

		share("cloudflare.zone.cache_hit_ratio", []string{"count", cacheStatus}, func(r *row) (part, all float64) {
			if cached(r) {
				part = float64(r.Count)
			}
			return part, float64(r.Count)
		}),
	})
}

// fromCache says that with this cache status Cloudflare answered without the origin, as the roll-up's cached requests do.
func fromCache(status string) bool {
	switch status {
	case "hit", "stale", "updating", "revalidated", "stream_hit":
		return true
	default:
		return false
	}
}
