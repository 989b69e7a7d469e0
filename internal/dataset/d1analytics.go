// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import "time"

// d1AnalyticsAdaptiveGroupsDataset is what was asked of an account's D1 databases. The node's finest time is the minute.
func d1AnalyticsAdaptiveGroupsDataset() *Dataset {
	type row = d1AnalyticsRow
	attributes := []Attribute{by("database_id", "databaseId")}
	values := func(r *row) []string { return []string{r.Dimensions.DatabaseId} }
	d := accountEvents("d1AnalyticsAdaptiveGroups", "d1", d1AnalyticsAdaptiveGroups_Operation)
	d.Resolution = time.Minute
	return withMeasures(d, []measure[row]{
		counted("cloudflare.d1.queries.read", "sum.readQueries", attributes, func(r *row) uint64 { return r.Sum.ReadQueries }, values),
		counted("cloudflare.d1.queries.write", "sum.writeQueries", attributes, func(r *row) uint64 { return r.Sum.WriteQueries }, values),
		counted("cloudflare.d1.rows.read", "sum.rowsRead", attributes, func(r *row) uint64 { return r.Sum.RowsRead }, values),
		counted("cloudflare.d1.rows.written", "sum.rowsWritten", attributes, func(r *row) uint64 { return r.Sum.RowsWritten }, values),
	})
}
