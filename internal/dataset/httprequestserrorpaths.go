// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// httpRequestsAdaptiveGroupsErrorPathsDataset is the requests that the edge answered with an error, by path. Its query
// asks for errors only.
func httpRequestsAdaptiveGroupsErrorPathsDataset() *Dataset {
	type row = httpAdaptiveErrorPathsRow
	attributes := []Attribute{byStatus("status", "edgeResponseStatus"), by("host", "clientRequestHTTPHost"), by("path", "clientRequestPath")}
	return withMeasures(httpAdaptive("errorPaths", "http_error_paths", httpRequestsAdaptiveGroupsErrorPaths_Operation), []measure[row]{
		counted("cloudflare.zone.edge_errors.path", "count", attributes, func(r *row) uint64 { return r.Count },
			func(r *row) []string {
				d := &r.Dimensions
				return []string{statusText(d.EdgeResponseStatus), d.ClientRequestHTTPHost, normalizePath(d.ClientRequestPath)}
			}),
	})
}
