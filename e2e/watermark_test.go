// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// families are among those that have a watermark in the worlds of these tests, whatever the plans of zones.
var families = []string{"firewall_events", "http_edge_status", "http_requests", "workers_invocations"}

// furthestBehind is the oldest watermark of all families, an error while one is missing.
func (r reading) furthestBehind() (time.Time, error) {
	have := slices.Sorted(maps.Keys(r.watermarks))
	for _, family := range families {
		if !slices.Contains(have, family) {
			return time.Time{}, fmt.Errorf("watermarks of %v, %s is missing", have, family)
		}
	}
	return time.Unix(int64(slices.Min(slices.Collect(maps.Values(r.watermarks)))), 0), nil
}

// waitUntil waits for all windows before the instant to be counted and returns the last reading.
func (d *deployment) waitUntil(instant time.Time, read func() (reading, error)) (last reading) {
	d.t.Helper()
	d.eventually(6*time.Minute, func(c *assert.CollectT) {
		r, err := read()
		require.NoError(c, err)
		mark, err := r.furthestBehind()
		require.NoError(c, err)
		require.False(c, mark.Before(instant), "counted until %v, not yet %v", mark.UTC(), instant.UTC())
		last = r
	}, "windows are counted until "+instant.UTC().String())
	return last
}

// waitForEnd waits for the whole stream to be counted and to be shown: a new series is shown as zero at first. Each
// change of the watermarks is another scrape, and a backend may be read while one is half taken in.
func (d *deployment) waitForEnd(w *world, read func() (reading, error)) reading {
	d.t.Helper()
	last := d.waitUntil(w.end, read)
	for range 3 {
		before := last.watermarks
		d.eventually(3*time.Minute, func(c *assert.CollectT) {
			r, err := read()
			require.NoError(c, err)
			if maps.Equal(r.watermarks, before) {
				assert.Fail(c, "no other scrape yet")
				return
			}
			last = r
		}, "another scrape")
	}
	return last
}
