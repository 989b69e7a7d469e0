// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package deploytest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// repository is the root of the working tree, as seen from this directory.
var repository = filepath.Join("..", "..")

// gate is what the shipped configurations' health_check needs in every start command.
const gate = "--feature-gates=extension.healthcheck.useComponentStatus"

// built are the executables of the image, built once for all tests that start them.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "otelcol-cloudflare-deploy-")
	if err == nil {
		err = os.Chmod(dir, 0o755) // for whom the image runs as
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built.dir = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// executable is the path of a command, built as the image and the releases build it.
func executable(t *testing.T, name string) string {
	t.Helper()
	built.once.Do(func() {
		built.err = errors.Join(
			build("cmd/otelcol-cloudflare", ".", "otelcol-cloudflare"),
			build(".", "./cmd/cloudflare-simulator", "cloudflare-simulator"),
			build(".", "./cmd/healthcheck", "healthcheck"),
		)
	})
	require.NoError(t, built.err)
	path := filepath.Join(built.dir, name)
	require.FileExists(t, path)
	return path
}

func build(dir, pkg, name string) error {
	cmd := exec.Command("go", "-C", filepath.Join(repository, dir), "build", "-trimpath", "-ldflags", "-s -w",
		"-o", filepath.Join(built.dir, name), pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}
