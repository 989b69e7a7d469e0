// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// httpRequestsAdaptiveGroupsColoDataset is a zone's requests by the data centre that answered.
func httpRequestsAdaptiveGroupsColoDataset() *Dataset {
	type row = httpAdaptiveColoRow
	attributes := []Attribute{by("colo", "coloCode"), by("host", "clientRequestHTTPHost")}
	values := func(r *row) []string { return []string{r.Dimensions.ColoCode, r.Dimensions.ClientRequestHTTPHost} }
	return withMeasures(httpAdaptive("colo", "http_colo", httpRequestsAdaptiveGroupsColo_Operation), []measure[row]{
		counted("cloudflare.zone.colocation.requests", "count", attributes, func(r *row) uint64 { return r.Count }, values),
		counted("cloudflare.zone.colocation.visits", "sum.visits", attributes, func(r *row) uint64 { return r.Sum.Visits }, values),
		counted("cloudflare.zone.colocation.edge_response", "sum.edgeResponseBytes", attributes,
			func(r *row) uint64 { return r.Sum.EdgeResponseBytes }, values),
	})
}

// httpRequestsAdaptiveGroupsColoErrorsDataset is the requests that a data centre answered with an error. Its query asks
// for errors only.
func httpRequestsAdaptiveGroupsColoErrorsDataset() *Dataset {
	type row = httpAdaptiveColoErrorsRow
	attributes := []Attribute{by("colo", "coloCode"), by("host", "clientRequestHTTPHost"), byStatus("status", "edgeResponseStatus")}
	values := func(r *row) []string {
		return []string{r.Dimensions.ColoCode, r.Dimensions.ClientRequestHTTPHost, statusText(r.Dimensions.EdgeResponseStatus)}
	}
	return withMeasures(httpAdaptive("coloErrors", "http_colo_errors", httpRequestsAdaptiveGroupsColoErrors_Operation), []measure[row]{
		counted("cloudflare.zone.colocation.error.requests", "count", attributes, func(r *row) uint64 { return r.Count }, values),
		counted("cloudflare.zone.colocation.error.visits", "sum.visits", attributes, func(r *row) uint64 { return r.Sum.Visits }, values),
		counted("cloudflare.zone.colocation.error.edge_response", "sum.edgeResponseBytes", attributes,
			func(r *row) uint64 { return r.Sum.EdgeResponseBytes }, values),
	})
}
