// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// httpRequestsAdaptiveGroupsOriginDataset is what a zone's origin answered. Its query leaves out status 0, with which
// Cloudflare marks requests that the origin was not asked for or did not answer.
func httpRequestsAdaptiveGroupsOriginDataset() *Dataset {
	type row = httpAdaptiveOriginRow
	const status = "dimensions.originResponseStatus"
	requests := func(name, attribute string) measure[row] {
		return counted(name, "count", originAttributes(attribute), func(r *row) uint64 { return r.Count }, originValues)
	}
	return withMeasures(httpAdaptive("origin", "http_origin", httpRequestsAdaptiveGroupsOrigin_Operation), []measure[row]{
		requests("cloudflare.zone.requests.origin_status_country_host", "origin_status"),
		requests("cloudflare.zone.customer_error.4xx", "status").where(status, clientError),
		requests("cloudflare.zone.customer_error.5xx", "status").where(status, serverError),

		meanTime("cloudflare.zone.origin_response_duration", "originResponseDurationMs", originAttributes("origin_status"),
			func(r *row) float64 { return r.Avg.OriginResponseDurationMs }, originValues),
		timeQuantiles("cloudflare.zone.origin_response_duration.quantiles", "originResponseDurationMs", originAttributes("origin_status"),
			func(r *row) []float64 {
				q := &r.Quantiles
				return []float64{q.OriginResponseDurationMsP50, q.OriginResponseDurationMsP95, q.OriginResponseDurationMsP99}
			}, originValues),
		share("cloudflare.zone.origin_error_rate", []string{"count", status}, func(r *row) (part, all float64) {
			if serverError(r) {
				part = float64(r.Count)
			}
			return part, float64(r.Count)
		}),
	})
}

func clientError(r *httpAdaptiveOriginRow) bool {
	return r.Dimensions.OriginResponseStatus >= 400 && r.Dimensions.OriginResponseStatus < 500
}

func serverError(r *httpAdaptiveOriginRow) bool {
	return r.Dimensions.OriginResponseStatus >= 500 && r.Dimensions.OriginResponseStatus < 600
}

// originAttributes are alike but for the name of the status.
func originAttributes(status string) []Attribute {
	return []Attribute{
		byStatus(status, "originResponseStatus"), by("country", "clientCountryName"), by("host", "clientRequestHTTPHost"),
	}
}

func originValues(r *httpAdaptiveOriginRow) []string {
	d := &r.Dimensions
	return []string{statusText(d.OriginResponseStatus), d.ClientCountryName, d.ClientRequestHTTPHost}
}

// httpRequestsAdaptiveGroupsCacheMissDataset is how long the origin took for what the cache did not have.
func httpRequestsAdaptiveGroupsCacheMissDataset() *Dataset {
	type row = httpAdaptiveCacheMissRow
	attributes := []Attribute{by("country", "clientCountryName"), by("host", "clientRequestHTTPHost")}
	return withMeasures(httpAdaptive("cacheMiss", "http_cache_miss", httpRequestsAdaptiveGroupsCacheMiss_Operation), []measure[row]{
		meanTime("cloudflare.zone.cache_miss_origin_duration", "originResponseDurationMs", attributes,
			func(r *row) float64 { return r.Avg.OriginResponseDurationMs },
			func(r *row) []string {
				return []string{r.Dimensions.ClientCountryName, r.Dimensions.ClientRequestHTTPHost}
			}),
	})
}
