// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package deploytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// start is a command line that starts the Collector with a file, has it validate the file or has it print it.
var start = regexp.MustCompile(`otelcol-cloudflare( \S+)* --config[= ]\S+\.ya?ml`)

// Whoever copies a start command from anywhere in the repository gets the feature gate that the configurations need.
func TestEveryStartCommandHasTheGate(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "git", "-C", repository, "grep", "-lIe", "otelcol-cloudflare", "--",
		"*.md", "*.yaml", "*.yml", "*.sh", "*.service", "*.env", "Makefile").Output()
	require.NoError(t, err)
	commands := 0
	for name := range strings.Lines(string(out)) {
		text, err := os.ReadFile(filepath.Join(repository, strings.TrimSpace(name)))
		require.NoError(t, err)
		// A command may go on in the next line, also of a comment.
		joined := regexp.MustCompile(`\\\n(#|\s)*`).ReplaceAllString(string(text), "")
		for line := range strings.Lines(joined) {
			if start.MatchString(line) {
				commands++
				if !strings.Contains(line, "$gates") && !strings.Contains(line, "docker ") { // the image has it
					assert.Contains(t, line, gate, name)
				}
			}
		}
	}
	assert.Greater(t, commands, 8)
}
