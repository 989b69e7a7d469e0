// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// httpRequestsAdaptiveGroupsStatusDataset is a zone's requests by the status that the edge returned.
func httpRequestsAdaptiveGroupsStatusDataset() *Dataset {
	type row = httpAdaptiveStatusRow
	attributes := []Attribute{
		byStatus("edge_status", "edgeResponseStatus"), by("country", "clientCountryName"), by("host", "clientRequestHTTPHost"),
	}
	return withMeasures(httpAdaptive("status", "http_edge_status", httpRequestsAdaptiveGroupsStatus_Operation), []measure[row]{
		counted("cloudflare.zone.requests.status_country_host", "count", attributes, func(r *row) uint64 { return r.Count },
			func(r *row) []string {
				d := &r.Dimensions
				return []string{statusText(d.EdgeResponseStatus), d.ClientCountryName, d.ClientRequestHTTPHost}
			}),
	})
}
