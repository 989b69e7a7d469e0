// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

// The examples' types are right, and both wrangler configurations make a Worker.
func TestExamplesCompile(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func() (bundle, error){
		"shop": shop, "increments": increments, "observations": observations, "sveltekit": svelteKit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := build() // writes the types of SvelteKit's routes
			require.NoError(t, err)
			assert.FileExists(t, b.script)
			assert.NoError(t, process.Run(tool(filepath.Base(filepath.Dir(b.config)), "tsc", "--noEmit")))
		})
	}
}

// The example uses the versions that are tested here.
func TestExampleVersions(t *testing.T) {
	t.Parallel()
	tested := dependencies(t, "package.json")
	for name, version := range dependencies(t, filepath.Join(repository, "examples", "worker", "package.json")) {
		assert.Equal(t, tested[name], version, name)
	}
}

func dependencies(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var file struct{ Dependencies, DevDependencies map[string]string }
	require.NoError(t, json.Unmarshal(text, &file))
	all := map[string]string{}
	maps.Copy(all, file.Dependencies)
	maps.Copy(all, file.DevDependencies)
	return all
}
