// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package deploytest

import (
	"path/filepath"
	"testing"

	"github.com/goreleaser/goreleaser/v2/pkg/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// release is what a release consists of, as goreleaser reads it: a key that it does not know fails the test.
func release(t *testing.T) config.Project {
	t.Helper()
	project, err := config.Load(filepath.Join(repository, ".goreleaser.yaml"))
	require.NoError(t, err)
	return project
}

// Whatever a release packs is in the repository.
func TestReleaseFindsWhatItPacks(t *testing.T) {
	t.Parallel()
	project := release(t)
	var patterns []string
	for _, archive := range project.Archives {
		for _, file := range archive.Files {
			patterns = append(patterns, file.Source)
		}
	}
	for _, nfpm := range project.NFPMs {
		patterns = append(patterns, nfpm.Scripts.PostInstall, nfpm.Scripts.PreRemove)
		for _, content := range nfpm.Contents {
			patterns = append(patterns, content.Source)
		}
	}
	for _, docker := range project.DockersV2 {
		patterns = append(append(patterns, docker.Dockerfile), docker.ExtraFiles...)
	}
	assert.NotContains(t, patterns, "")
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		require.NoError(t, err)
		assert.NotEmpty(t, found, pattern)
	}
}

// Each image's target exists and copies nothing but what goreleaser puts into its context.
func TestReleaseBuildsTheImages(t *testing.T) {
	t.Parallel()
	project := release(t)
	targets := map[string][]string{}
	for _, docker := range project.DockersV2 {
		assert.Equal(t, map[string]string{"BINARIES": "prebuilt"}, docker.BuildArgs)
		assert.Equal(t, []string{"linux/amd64", "linux/arm64"}, docker.Platforms)
		assert.ElementsMatch(t, commands(t, docker.ID), docker.IDs)
		targets[docker.ID] = docker.Flags
	}
	last := stages(t)[len(stages(t))-1].Name
	assert.Equal(t, map[string][]string{last: nil, "simulator": {"--target=simulator"}}, targets)
}

// commands are the executables in an image.
func commands(t *testing.T, target string) (names []string) {
	t.Helper()
	for _, entry := range files(t, filepath.Join(assemble(t, target).root, "usr", "bin")) {
		names = append(names, entry.Name())
	}
	return names
}
