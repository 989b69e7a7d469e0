// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package deploytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var unit = filepath.Join(repository, "deploy", "systemd", "otelcol-cloudflare.service")

// What a unit must say, also where there is no systemd to judge it.
func TestUnit(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(unit)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	for _, line := range []string{
		"ExecStart=/usr/bin/otelcol-cloudflare " + gate + " --config=/etc/otelcol-cloudflare/config.yaml $OTELCOL_OPTIONS",
		"ExecReload=/bin/kill -HUP $MAINPID",
		"EnvironmentFile=/etc/otelcol-cloudflare/otelcol-cloudflare.env",
		"Environment=STATE_DIR=%S/otelcol-cloudflare",
		"StateDirectory=otelcol-cloudflare",
		"DynamicUser=yes",
		"Restart=on-failure",
	} {
		assert.Contains(t, lines, line)
	}
}

// systemd itself finds nothing wrong with the unit, and little that it exposes: at most 1.5 of 10.
func TestUnitIsHardened(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("there is no systemd-analyze on this machine: the unit's lines are tested, what systemd makes of them is not")
		return
	}
	text, err := os.ReadFile(unit)
	require.NoError(t, err)
	// verify looks whether the command exists.
	here := filepath.Join(t.TempDir(), filepath.Base(unit))
	there := strings.ReplaceAll(string(text), "/usr/bin/otelcol-cloudflare", executable(t, "otelcol-cloudflare"))
	require.NoError(t, os.WriteFile(here, []byte(there), 0o600))

	out, err := exec.CommandContext(t.Context(), analyze, "verify", here).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Empty(t, string(out))

	out, err = exec.CommandContext(t.Context(), analyze, "security", "--offline=yes", "--no-pager", here).CombinedOutput()
	require.NoError(t, err, "%s", out)
	exposure := regexp.MustCompile(`Overall exposure level for \S+: (\d+\.\d+)`).FindSubmatch(out)
	require.NotNil(t, exposure, "%s", out)
	level, err := strconv.ParseFloat(string(exposure[1]), 64)
	require.NoError(t, err)
	assert.LessOrEqual(t, level, 1.5)
}
