// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// Ungrouped, a row has the counters' numbers, nothing that they are grouped by, and how far they are estimates.
func TestKeepTotal(t *testing.T) {
	t.Parallel()
	for _, d := range load(t) {
		keep := d.KeepTotal(d.all())
		grouped, _ := d.Keep(Counter, d.all())
		for _, path := range d.Operation.Fields() {
			want := path == sampled || grouped(path) && !strings.HasPrefix(path, "dimensions.")
			assert.Equal(t, want, keep(path), "%s of %s", path, d.Name)
		}
	}
	d := byName(t, "workersInvocationsAdaptive")
	fields := slices.DeleteFunc(d.Operation.Fields(), func(path string) bool { return !d.KeepTotal(d.only(0))(path) })
	assert.ElementsMatch(t, []string{sampled, "sum.requests"}, fields)
}

func TestSampleInterval(t *testing.T) {
	t.Parallel()
	d := byName(t, "firewallEventsAdaptiveGroups")
	for rows, want := range map[string]float64{
		`[]`:                               1,
		`[{"count":1}]`:                    1,
		`[{"avg":null}]`:                   1,
		`[{"avg":{"sampleInterval":1}}]`:   1,
		`[{"avg":{"sampleInterval":2.5}}]`: 2.5,
		`[{"avg":{"sampleInterval":3}},{"avg":{"sampleInterval":7}},{"avg":{"sampleInterval":5}}]`: 7,
	} {
		got, err := d.SampleInterval(json.RawMessage(rows))
		require.NoError(t, err, rows)
		assert.InDelta(t, want, got, 0, rows)
	}
	for _, rows := range []string{`null`, `{}`, `[{"avg":{"sampleInterval":"1"}}]`, `[{"avg":`} {
		_, err := d.SampleInterval(json.RawMessage(rows))
		assert.Equal(t, cloudflare.ClassMalformed, cloudflare.ClassOf(err), rows)
	}
}
