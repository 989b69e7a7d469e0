// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// httpRequestsAdaptiveGroupsMethodDataset is a zone's requests by HTTP method.
func httpRequestsAdaptiveGroupsMethodDataset() *Dataset {
	type row = httpAdaptiveMethodRow
	return withMeasures(httpAdaptive("method", "http_method", httpRequestsAdaptiveGroupsMethod_Operation), []measure[row]{
		counted("cloudflare.zone.requests.by_method", "count", []Attribute{by("method", "clientRequestHTTPMethodName")},
			func(r *row) uint64 { return r.Count },
			func(r *row) []string { return []string{r.Dimensions.ClientRequestHTTPMethodName} }),
	})
}

// httpRequestsAdaptiveGroupsAsnDataset is a zone's requests by the client's network.
func httpRequestsAdaptiveGroupsAsnDataset() *Dataset {
	type row = httpAdaptiveAsnRow
	attributes := []Attribute{by("asn", "clientAsn"), by("asn_description", "clientASNDescription")}
	values := func(r *row) []string { return []string{r.Dimensions.ClientAsn, r.Dimensions.ClientASNDescription} }
	return withMeasures(httpAdaptive("asn", "http_asn", httpRequestsAdaptiveGroupsAsn_Operation), []measure[row]{
		counted("cloudflare.zone.requests.asn", "count", attributes, func(r *row) uint64 { return r.Count }, values),
		counted("cloudflare.zone.bandwidth.asn", "sum.edgeResponseBytes", attributes,
			func(r *row) uint64 { return r.Sum.EdgeResponseBytes }, values),
	})
}

// httpRequestsAdaptiveGroupsBotsDataset is a zone's requests that are likely automated. Its query asks for bot scores of 1
// to 29 only.
func httpRequestsAdaptiveGroupsBotsDataset() *Dataset {
	type row = httpAdaptiveBotsRow
	return withMeasures(httpAdaptive("bots", "http_bots", httpRequestsAdaptiveGroupsBots_Operation), []measure[row]{
		counted("cloudflare.zone.bot_requests.country", "count", []Attribute{by("country", "clientCountryName")},
			func(r *row) uint64 { return r.Count },
			func(r *row) []string { return []string{r.Dimensions.ClientCountryName} }),
	})
}
