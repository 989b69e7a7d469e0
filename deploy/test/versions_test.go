// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package deploytest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a go.mod requires is the place of a version. Files that have to name it again, and cannot read go.mod, agree.
func TestVersionsAgree(t *testing.T) {
	t.Parallel()
	assert.Equal(t, found(t, "go.mod", `(?m)^go (\d+\.\d+)`),
		found(t, "deploy/docker/Dockerfile", ` golang:(\d+\.\d+)-`), "Go")
	assert.Equal(t, found(t, "deploy/test/go.mod", `goreleaser/goreleaser/v2 (\S+)`),
		found(t, ".github/workflows/release.yaml", `goreleaser-action@\S+\s+with:\s+version: (\S+)`), "goreleaser")
	assert.Equal(t, prometheusRelease(t, found(t, "e2e/prometheus/go.mod", `prometheus/prometheus (\S+)`)),
		found(t, "deploy/compose.yaml", `image: prom/prometheus:(\S+)`), "Prometheus")
}

// prometheusRelease is the release that a version of Prometheus' module is: v0.305.1 is v3.5.1.
func prometheusRelease(t *testing.T, module string) string {
	t.Helper()
	parts := regexp.MustCompile(`^v0\.3(\d\d)\.(\d+)$`).FindStringSubmatch(module)
	require.NotNil(t, parts, module)
	minor, err := strconv.Atoi(parts[1])
	require.NoError(t, err)
	return fmt.Sprintf("v3.%d.%s", minor, parts[2])
}

// found is the first group of a pattern's only match in a file of the repository.
func found(t *testing.T, file, pattern string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, file))
	require.NoError(t, err)
	matches := regexp.MustCompile(pattern).FindAllSubmatch(text, -1)
	require.Len(t, matches, 1, "%s in %s", pattern, file)
	return string(matches[0][1])
}
