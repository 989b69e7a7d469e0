// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

func TestDeferredClient(t *testing.T) {
	t.Parallel()
	disk := newDiskStorage()
	for _, key := range []string{"kept", "changed", "deleted", uncleanKey} {
		disk.data[key] = []byte("old")
	}
	d := &deferredClient{disk: diskClient{disk}, values: map[string][]byte{}, saved: map[string]bool{}}
	read := func(keys ...string) (values []string) {
		for _, key := range keys {
			value, err := d.Get(t.Context(), key)
			require.NoError(t, err)
			values = append(values, string(value))
		}
		return values
	}
	assert.Equal(t, []string{"old", "old", "old", ""}, read("kept", "changed", "deleted", "new"))
	require.NoError(t, d.Batch(t.Context(),
		storage.SetOperation("changed", []byte("new")), storage.SetOperation("new", []byte("new")), storage.SetOperation("passing", []byte("new")),
		storage.DeleteOperation("deleted"), storage.DeleteOperation("passing")))
	assert.Equal(t, []string{"old", "new", "", "new", ""}, read("kept", "changed", "deleted", "new", "passing"))
	assert.Len(t, d.values, 3, "what comes and goes leaves nothing behind")
	assert.Equal(t, "old", string(disk.data["changed"]), "nothing is written yet")

	require.NoError(t, d.flush(t.Context()))
	assert.Equal(t, map[string][]byte{"kept": []byte("old"), "changed": []byte("new"), "new": []byte("new")}, disk.data)
}
