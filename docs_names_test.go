// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The README's table has what there is, and all there is at the top.
func TestREADMEHasTheKeys(t *testing.T) {
	t.Parallel()
	row := regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|")
	token := regexp.MustCompile("`([^`]+)`")
	reference, err := os.ReadFile("docs/configuration.md")
	require.NoError(t, err)
	own, _, _ := strings.Cut(string(reference), "## Receiver `workersmetrics`")
	var keys []string
	for _, match := range row.FindAllStringSubmatch(own, -1) {
		keys = append(keys, strings.Trim(match[1], "`"))
	}
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(readme), "\n## Configuration\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for _, match := range row.FindAllStringSubmatch(section, -1) {
		for _, name := range token.FindAllStringSubmatch(match[1], -1) {
			listed = append(listed, name[1])
			assert.True(t, slices.ContainsFunc(keys, func(key string) bool {
				return key == name[1] || strings.HasPrefix(key, name[1]+"::")
			}), "the README has the key %s, the receiver has not", name[1])
		}
	}
	for _, key := range keys {
		top, _, _ := strings.Cut(key, "::")
		assert.True(t, slices.ContainsFunc(listed, func(name string) bool {
			return name == top || strings.HasPrefix(name, top+"::")
		}), "the README lacks %s", top)
	}
}

// Metrics that operators are told to look at are metrics that there are.
func TestNamedMetricsExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for name, m := range loadMetadata(t).Metrics {
		known[prometheusName(name, m)] = true
	}
	for _, label := range []string{"account_id", "account_name", "zone_id", "zone_name"} {
		known["cloudflare_"+label] = true
	}
	for _, page := range []string{"operations.md", "quick-start.md", "security.md"} {
		text, err := os.ReadFile(filepath.Join("docs", page))
		require.NoError(t, err)
		for _, name := range regexp.MustCompile(`\bcloudflare_[a-z0-9_]*[a-z0-9]\b`).FindAllString(string(text), -1) {
			assert.True(t, known[name], "%s: there is no metric %s", page, name)
		}
	}
}
