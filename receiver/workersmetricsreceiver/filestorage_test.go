// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensiontest"
)

// fileStorage is the extension that users have.
func fileStorage(tb testing.TB, dir string) component.Component {
	tb.Helper()
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config) //nolint:errcheck // it is
	config.Directory = dir
	extension, err := factory.Create(tb.Context(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(tb, err)
	require.NoError(tb, extension.Start(tb.Context(), nil))
	tb.Cleanup(func() { require.NoError(tb, extension.Shutdown(context.Background())) })
	return extension
}

// What the files hold while the receiver runs is what a killed process leaves.
func TestFileStorage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	id := component.MustNewID("file_storage")
	config := testConfig(acknowledgeDurable)
	config.Storage = &id
	w := startWith(t, config, nil, map[component.ID]component.Component{id: fileStorage(t, dir)})
	for i := range 300 {
		w.ok(http.MethodPatch, fmt.Sprint("/metrics/a?b=", i%150), "0.5", keyHeader, strconv.Itoa(i))
	}
	killed := t.TempDir()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dir, file.Name()))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(killed, file.Name()), content, 0o600))
	}
	before := w.text()

	after := startWith(t, config, nil, map[component.ID]component.Component{id: fileStorage(t, killed)})
	assert.Equal(t, before, after.text())
	after.ok(http.MethodPatch, "/metrics/a?b=7", "0.5", keyHeader, "7")
	assert.Equal(t, before, after.text())
	after.stop()
	after.run(config)
	assert.Equal(t, before, after.text())
}
