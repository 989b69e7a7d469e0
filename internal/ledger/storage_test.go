// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/storagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// withFileStorage runs do on a file_storage that is stopped afterwards.
func withFileStorage(tb testing.TB, directory string, do func(client storage.Client)) {
	tb.Helper()
	factory := filestorage.NewFactory()
	config, ok := factory.CreateDefaultConfig().(*filestorage.Config)
	require.True(tb, ok)
	config.Directory = directory
	extension, err := factory.Create(tb.Context(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(tb, err)
	require.NoError(tb, extension.Start(tb.Context(), componenttest.NewNopHost()))
	provider, ok := extension.(storage.Extension)
	require.True(tb, ok)
	client, err := provider.GetClient(tb.Context(), component.KindReceiver, component.MustNewID("test"), "")
	require.NoError(tb, err)
	do(client)
	require.NoError(tb, client.Close(tb.Context()))
	require.NoError(tb, extension.Shutdown(tb.Context()))
}

func TestRestartOnFileStorage(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	var want map[string]float64
	withFileStorage(t, directory, func(client storage.Client) {
		l := open(t, client)
		fill(t, l, 2500)
		commit(t, l, func(tx *Tx) {
			tx.Define(zoneA, t0, httpMetrics())
			tx.Define(zoneB, t0, httpMetrics())
			tx.SetCursor(zoneA, []byte("t1"))
		})
		commit(t, l, func(tx *Tx) { tx.Delete(zoneB) })
		want = dump(l, benchID)
	})
	withFileStorage(t, directory, func(client storage.Client) {
		l := open(t, client)
		assert.Equal(t, []ID{benchID, zoneA}, l.IDs())
		assert.Equal(t, want, dump(l, benchID))
		cursor, _ := l.Cursor(zoneA)
		assert.Equal(t, "t1", string(cursor))
		tx := l.Begin()
		tx.Add(benchID, 0, nil, t1, IntValue(1))
		require.NoError(t, tx.Commit(t.Context()))
	})
	withFileStorage(t, directory, func(client storage.Client) {
		want["cloudflare.zone.firewall.events"] = 1
		assert.Equal(t, want, dump(open(t, client), benchID))
	})
}

func TestRestartOnTestStorage(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	client := storagetest.NewFileBackedClient(component.KindReceiver, component.MustNewID("test"), "", directory)
	l := open(t, client)
	fill(t, l, 300)
	want := dump(l, benchID)
	require.NoError(t, client.Close(t.Context()))

	client = storagetest.NewFileBackedClient(component.KindReceiver, component.MustNewID("test"), "", directory)
	assert.Equal(t, want, dump(open(t, client), benchID))
}

// A client without storage serves as memory only.
func TestWithoutStorage(t *testing.T) {
	t.Parallel()
	l := open(t, storage.NewNopClient())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Add(zoneA, requests, nil, t0, IntValue(3))
	})
	show(t, l)
	assert.Equal(t, map[string]float64{"requests": 3}, dump(l, zoneA))
}

// BenchmarkFileStorage commits a change of every series to file_storage, as it comes by default.
func BenchmarkFileStorage(b *testing.B) {
	withFileStorage(b, b.TempDir(), func(client storage.Client) {
		l := open(b, client)
		labels := fill(b, l, 100_000)
		b.ReportAllocs()
		for b.Loop() {
			tx := l.Begin()
			benchAdd(tx, labels, t1)
			require.NoError(b, tx.Commit(b.Context()))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(labels)), "ns/series")
	})
}
