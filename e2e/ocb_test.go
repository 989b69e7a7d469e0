// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

const module = "github.com/otelcol-cloudflare/cloudflaremetricsreceiver"

// The example manifest, copied out of the repository, makes a Collector of one's own that counts what happened. All that
// is added is that the receiver is this working tree's.
func TestBuildOutsideTheRepository(t *testing.T) {
	t.Parallel()
	executable(t) // has compiled most of it
	mine := buildOutside(t)

	components, err := exec.Command(mine, "components").CombinedOutput()
	require.NoError(t, err, "%s", components)
	assert.Contains(t, string(components), "- name: cloudflaremetrics\n")
	assert.Contains(t, string(components), "- name: workersmetrics\n")
	assert.Contains(t, string(components), "- name: file_storage\n")

	w := newWorld(t, twoZones(), 5*time.Minute)
	d := deployPrometheus(t, w)
	d.executable = mine
	d.start()
	w.expectTruth(d.waitForEnd(w, d.read).counters)
}

// buildOutside runs ocb, pinned in tools/go.mod, in a directory of its own.
func buildOutside(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	ocb := filepath.Join(dir, "ocb")
	require.NoError(t, process.Build(ocb, filepath.Join(repository, "tools"), "go.opentelemetry.io/collector/cmd/builder"))

	manifest, err := os.ReadFile(filepath.Join(repository, "examples", "ocb", "builder-config.yaml"))
	require.NoError(t, err)
	root, err := filepath.Abs(repository)
	require.NoError(t, err)
	manifest = fmt.Appendf(manifest, "\nreplaces: [%q]\n", module+" => "+root)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "builder-config.yaml"), manifest, 0o600))

	cmd := exec.CommandContext(t.Context(), ocb, "--config", "builder-config.yaml", "--skip-strict-versioning=false")
	cmd.Dir = dir
	cmd.Env = process.Environment() // ocb takes every variable for a key of the manifest
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return filepath.Join(dir, "otelcol-mine", "otelcol-mine")
}
