// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"net/http"
	"strconv"
)

// logpushHealthAdaptiveGroupsDataset is the batches that a zone's Logpush jobs handed over or lost.
func logpushHealthAdaptiveGroupsDataset() *Dataset {
	d := zoneEvents("logpushHealthAdaptiveGroups", "logpush_zone", logpushHealthAdaptiveGroups_Operation)
	return logpush(d, "zone", func(r *logpushHealthRow) logpushRow {
		d := &r.Dimensions
		return logpushRow{d.JobId, d.DestinationType, d.Status, r.Count, r.Sum.Records, r.Sum.Bytes}
	})
}

// logpushHealthAdaptiveGroupsAccountJobsDataset is the batches that an account's Logpush jobs handed over or lost. Those
// of its zones' jobs are not among them.
func logpushHealthAdaptiveGroupsAccountJobsDataset() *Dataset {
	d := accountEvents("logpushHealthAdaptiveGroups.accountJobs", "logpush_account", logpushHealthAdaptiveGroupsAccountJobs_Operation)
	return logpush(d, "account", func(r *logpushHealthAccountJobsRow) logpushRow {
		d := &r.Dimensions
		return logpushRow{d.JobId, d.DestinationType, d.Status, r.Count, r.Sum.Records, r.Sum.Bytes}
	})
}

// logpushRow is what the rows of zones and accounts both have. The queries ask for the last attempt at each batch only,
// so what failed is lost.
type logpushRow struct {
	job                    uint64
	destination            string
	status                 uint16
	batches, records, size uint64
}

func logpush[R any](d Dataset, scope string, read func(*R) logpushRow) *Dataset {
	job := []Attribute{by("job_id", "jobId"), by("destination_type", "destinationType")}
	values := func(r *R) []string {
		row := read(r)
		return []string{strconv.FormatUint(row.job, 10), row.destination}
	}
	return withMeasures(d, []measure[R]{
		{
			name: "cloudflare.logpush.failed_jobs." + scope, attributes: append(job[:2:2], byStatus("status", "status")),
			fields: []string{"count", "dimensions.status"}, conditions: []string{"dimensions.status"},
			ints: func(r *R, emit func(uint64, ...string)) {
				if row := read(r); row.status != http.StatusOK {
					emit(row.batches, append(values(r), strconv.FormatUint(uint64(row.status), 10))...)
				}
			},
		},
		counted("cloudflare.logpush.records."+scope, "sum.records", job, func(r *R) uint64 { return read(r).records }, values),
		counted("cloudflare.logpush.uploaded."+scope, "sum.bytes", job, func(r *R) uint64 { return read(r).size }, values),
	})
}
