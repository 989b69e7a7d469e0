// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWithout(t *testing.T) {
	t.Parallel()
	whole := byName(t, "firewallEventsAdaptiveGroups")
	d := whole.Without([]string{"host", "rule", "nosuch"})
	assert.Equal(t, []string{"action", "source", "rule_id", "country"}, d.Metrics[0].AttributeNames())
	assert.Equal(t, []string{"action", "source", "rule", "rule_id", "host", "country"}, whole.Metrics[0].AttributeNames(), "the original stays as it is")
	assert.Equal(t, []string{"action", "source", "host", "country"}, whole.Without([]string{"rule_id"}).Metrics[0].AttributeNames(),
		"without the identifier there is no name")

	keep, _ := d.Keep(Counter, d.all())
	assert.False(t, keep("dimensions.clientRequestHTTPHost"), "rows are not grouped by it")
	assert.True(t, keep("dimensions.ruleId"))
	assert.Equal(t, []string{"cloudflare.zone.firewall.events{action=block,source=firewallmanaged,rule_id=r1,country=DE} 101"},
		read(t, d, "["+firewallRow+"]", Counter, d.all()))

	workers := byName(t, "workersInvocationsAdaptive").Without([]string{"quantile", "status"})
	assert.Contains(t, read(t, workers, "["+workersRow+"]", Gauge, workers.all()),
		"cloudflare.worker.cpu_time{script_name=auth,quantile=P50} 0.000201", "values that cannot be merged stay apart")
}

// The origin's error rate needs the rows by status, so the times of each status stay apart.
func TestWithoutKeepsWhatGaugesShare(t *testing.T) {
	t.Parallel()
	d := byName(t, "httpRequestsAdaptiveGroups.origin").Without([]string{"origin_status", "host"})
	for _, m := range d.Metrics {
		if m.Kind == Gauge && len(m.Attributes) > 0 {
			assert.Contains(t, m.AttributeNames(), "origin_status", m.Name)
			assert.NotContains(t, m.AttributeNames(), "host", m.Name)
		}
		if m.Kind == Counter {
			assert.NotContains(t, m.AttributeNames(), "origin_status", m.Name)
		}
	}
}

func TestByStatusClass(t *testing.T) {
	t.Parallel()
	rollup := byName(t, "httpRequests1mGroups").ByStatusClass()
	assert.Contains(t, read(t, rollup, "["+rollupRow+"]", Counter, rollup.all()), "cloudflare.zone.requests.status{status=5xx} 211")

	workers := byName(t, "workersInvocationsAdaptive")
	assert.Same(t, workers, workers.ByStatusClass(), "the outcome of a Worker is no status code")
	for status, class := range map[string]string{"200": "2xx", "999": "9xx", "0": "0", "": "", "2xx": "2xx", "success": "success", "099": "099"} {
		assert.Equal(t, class, StatusClass(status))
	}
}
