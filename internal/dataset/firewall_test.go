// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Raw events count for as many as their samples stand for, which is at least themselves.
func TestReadRawFirewallEvents(t *testing.T) {
	t.Parallel()
	d := byName(t, "firewallEventsAdaptive")
	assert.True(t, d.Raw)
	assert.Nil(t, d.ByZone)
	assert.Equal(t, rawSampleInterval, d.SampleIntervalField())

	const event = `"action": "block", "source": "waf", "ruleId": "r1", "clientRequestHTTPHost": "a.example.com", "clientCountryName": "DE"`
	groups := byName(t, "firewallEventsAdaptiveGroups")
	for _, tt := range []struct{ rows, values string }{
		{"[]", ""},
		{`[{` + event + `, "sampleInterval": 1}]`, "1"},
		{`[{` + event + `, "sampleInterval": 10}]`, "10"},
		{`[{` + event + `, "sampleInterval": 0}]`, "1"},
		{`[{` + event + `}]`, "1"},
		{`[{` + event + `, "sampleInterval": 2}, {` + event + `, "sampleInterval": 3}]`, "2 3"},
	} {
		var want []string
		for value := range strings.FieldsSeq(tt.values) {
			group := `[{"count": ` + value + `, "dimensions": {` + event + `}}]`
			want = append(want, read(t, groups, group, Counter, groups.all())...)
		}
		assert.Equal(t, want, read(t, d, tt.rows, Counter, d.all()), tt.rows)
	}
}

func TestReadFirewallBots(t *testing.T) {
	t.Parallel()
	d := byName(t, "firewallEventsAdaptiveGroups.bots")
	assert.Equal(t, []string{"dimensions.botScore"}, d.Operation.Filters(), "0, which means no score, is not asked for")
	assert.Equal(t, []string{
		"cloudflare.zone.firewall.bots_detected{bot_score=1-9,detection_source=Heuristics} 101",
		"cloudflare.zone.firewall.bots_detected{bot_score=1-9,detection_source=Heuristics} 102",
		"cloudflare.zone.firewall.bots_detected{bot_score=10-29,detection_source=Machine Learning} 103",
		"cloudflare.zone.firewall.bots_detected{bot_score=10-29,detection_source=Machine Learning} 104",
	}, read(t, d, `[
	  {"count": 101, "dimensions": {"botScore": 1, "botScoreSrcName": "Heuristics"}},
	  {"count": 102, "dimensions": {"botScore": 9, "botScoreSrcName": "Heuristics"}},
	  {"count": 103, "dimensions": {"botScore": 10, "botScoreSrcName": "Machine Learning"}},
	  {"count": 104, "dimensions": {"botScore": 29, "botScoreSrcName": "Machine Learning"}}
	]`, Counter, d.all()))
}
