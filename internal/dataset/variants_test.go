// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

func TestSplitByZone(t *testing.T) {
	t.Parallel()
	answers, err := SplitByZone(json.RawMessage(`[
		{"count":1,"dimensions":{"zoneTag":"a","action":"block"}},
		{"count":2,"dimensions":{"zoneTag":"b","action":"block"}},
		{"count":3,"dimensions":{"zoneTag":"a","action":"log"}}]`))
	require.NoError(t, err)
	require.Len(t, answers, 2)

	d := byName(t, "firewallEventsAdaptiveGroups")
	assert.Equal(t, []string{
		"cloudflare.zone.firewall.events{action=block,source=,rule_id=,host=,country=} 1",
		"cloudflare.zone.firewall.events{action=log,source=,rule_id=,host=,country=} 3",
	}, read(t, d, string(answers["a"]), Counter, d.all()))
	assert.Equal(t, []string{
		"cloudflare.zone.firewall.events{action=block,source=,rule_id=,host=,country=} 2",
	}, read(t, d, string(answers["b"]), Counter, d.all()))
}

func TestSplitByZoneOfNothing(t *testing.T) {
	t.Parallel()
	answers, err := SplitByZone(json.RawMessage(`[]`))
	require.NoError(t, err)
	assert.Empty(t, answers)
}

// A row that does not say whose it is must not be counted for nobody.
func TestSplitByZoneMalformed(t *testing.T) {
	t.Parallel()
	for _, rows := range []string{`null`, `{}`, `[null]`, `[{"count":1}]`, `[{"count":1,"dimensions":{"zoneTag":""}}]`, `[{"dimensions":{"zoneTag":1}}]`} {
		_, err := SplitByZone(json.RawMessage(rows))
		assert.Equal(t, cloudflare.ClassMalformed, cloudflare.ClassOf(err), rows)
	}
}

func TestSampleInterval(t *testing.T) {
	t.Parallel()
	for rows, want := range map[string]float64{
		`[]`:   1,
		`[{}]`: 1,
		`[{"avg":{"sampleInterval":10.5},"count":1},{"avg":{ "sampleInterval" : 2 }}]`: 10.5,
		`[{"sampleInterval":100,"action":"block"}]`:                                    100,
		`[{"avg":{"sampleInterval":null}}]`:                                            1,
		`[{"dimensions":{"host":"sampleInterval","path":"\"sampleInterval\":7"}}]`:     1,
		`[{"avg":{"sampleInterval":0.5}}]`:                                             1,
	} {
		assert.InDelta(t, want, SampleInterval(json.RawMessage(rows)), 0, rows)
	}
}

func FuzzSplitByZone(f *testing.F) {
	f.Add([]byte(`[{"count":1,"dimensions":{"zoneTag":"a"}}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		answers, err := SplitByZone(raw)
		if err != nil {
			return
		}
		var rows []json.RawMessage
		require.NoError(t, json.Unmarshal(raw, &rows))
		sum := 0
		for _, answer := range answers {
			var part []json.RawMessage
			require.NoError(t, json.Unmarshal(answer, &part))
			sum += len(part)
		}
		assert.Equal(t, len(rows), sum)
	})
}
