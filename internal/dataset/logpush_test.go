// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const logpushRows = `[
  {"count": 100, "sum": {"bytes": 1000, "records": 50}, "dimensions": {"jobId": 18446744073709551615, "destinationType": "s3", "status": 200}},
  {"count": 3, "sum": {"bytes": 30, "records": 2}, "dimensions": {"jobId": 18446744073709551615, "destinationType": "s3", "status": 403}},
  {"count": 4, "sum": {"bytes": 40, "records": 1}, "dimensions": {"jobId": 18446744073709551615, "destinationType": "s3", "status": 0}}
]`

var logpushScopes = map[string]string{
	"zone":    "logpushHealthAdaptiveGroups",
	"account": "logpushHealthAdaptiveGroups.accountJobs",
}

func TestReadLogpush(t *testing.T) {
	t.Parallel()
	const job = "{job_id=18446744073709551615,destination_type=s3"
	for scope, name := range logpushScopes {
		t.Run(scope, func(t *testing.T) {
			t.Parallel()
			d := byName(t, name)
			assert.Equal(t, []string{
				"cloudflare.logpush.failed_jobs." + scope + job + ",status=403} 3",
				"cloudflare.logpush.failed_jobs." + scope + job + ",status=0} 4",
				"cloudflare.logpush.records." + scope + job + "} 50",
				"cloudflare.logpush.records." + scope + job + "} 2",
				"cloudflare.logpush.records." + scope + job + "} 1",
				"cloudflare.logpush.uploaded." + scope + job + "} 1000",
				"cloudflare.logpush.uploaded." + scope + job + "} 30",
				"cloudflare.logpush.uploaded." + scope + job + "} 40",
			}, read(t, d, logpushRows, Counter, d.all()))
			folded := d.ByStatusClass()
			assert.Equal(t, []string{
				"cloudflare.logpush.failed_jobs." + scope + job + ",status=4xx} 3",
				"cloudflare.logpush.failed_jobs." + scope + job + ",status=0} 4",
			}, read(t, folded, logpushRows, Counter, d.only(0)))
		})
	}
}

// Whether a row is a failure has to be known even where nothing shows the status.
func TestLogpushKeepsTheStatus(t *testing.T) {
	t.Parallel()
	for scope, name := range logpushScopes {
		d := byName(t, name)
		failures := d.only(0)
		assert.True(t, d.KeepTotal(failures)("dimensions.status"), scope)
		assert.False(t, d.KeepTotal(failures)("dimensions.jobId"), scope)

		view := d.Without([]string{"status"})
		keep, _ := view.Keep(Counter, failures)
		assert.True(t, keep("dimensions.status"), scope)
		const metric = "{job_id=18446744073709551615,destination_type=s3} "
		assert.Equal(t, []string{
			"cloudflare.logpush.failed_jobs." + scope + metric + "3", "cloudflare.logpush.failed_jobs." + scope + metric + "4",
		}, read(t, view, logpushRows, Counter, failures))
	}
}

// A retry is no loss, so only last attempts are asked for.
func TestLogpushAsksForLastAttempts(t *testing.T) {
	t.Parallel()
	for _, name := range logpushScopes {
		assert.Contains(t, byName(t, name).text, "final:1", name)
	}
}
