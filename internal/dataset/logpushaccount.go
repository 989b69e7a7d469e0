// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import "strconv"

// logpushHealthAdaptiveGroupsAccountJobsDataset is how much an account's Logpush jobs handed over or lost: only the last
// attempt at each batch is asked for.
func logpushHealthAdaptiveGroupsAccountJobsDataset() *Dataset {
	type row = logpushHealthAccountJobsRow
	attributes := []Attribute{by("job_id", "jobId"), by("destination_type", "destinationType")}
	values := func(r *row) []string {
		return []string{strconv.FormatUint(r.Dimensions.JobId, 10), r.Dimensions.DestinationType}
	}
	d := accountEvents("logpushHealthAdaptiveGroups.accountJobs", "logpush_account", logpushHealthAdaptiveGroupsAccountJobs_Operation)
	return withMeasures(d, []measure[row]{
		counted("cloudflare.logpush.records.account", "sum.records", attributes, func(r *row) uint64 { return r.Sum.Records }, values),
		counted("cloudflare.logpush.uploaded.account", "sum.bytes", attributes, func(r *row) uint64 { return r.Sum.Bytes }, values),
	})
}

// logpushHealthAdaptiveGroupsAccountFailuresDataset is the batches that an account's Logpush jobs lost. Its query leaves
// out what succeeded, so that the total of a cut-off answer is one of failures, too.
func logpushHealthAdaptiveGroupsAccountFailuresDataset() *Dataset {
	type row = logpushHealthAccountFailuresRow
	attributes := []Attribute{by("job_id", "jobId"), by("destination_type", "destinationType"), byStatus("status", "status")}
	d := accountEvents("logpushHealthAdaptiveGroups.accountFailures", "logpush_account_failures",
		logpushHealthAdaptiveGroupsAccountFailures_Operation)
	return withMeasures(d, []measure[row]{
		counted("cloudflare.logpush.failed_jobs.account", "count", attributes, func(r *row) uint64 { return r.Count },
			func(r *row) []string {
				d := &r.Dimensions
				return []string{strconv.FormatUint(d.JobId, 10), d.DestinationType, strconv.FormatUint(uint64(d.Status), 10)}
			}),
	})
}
