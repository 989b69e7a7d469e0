// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// repository is the root of the working tree, as seen from this directory.
const repository = "../.."

// parallel is how many tests run side by side: they wait more than they compute.
const parallel = "8"

// collectorPath is the collector's executable, built once for all tests.
var collectorPath string

func TestMain(m *testing.M) {
	err := flag.Set("test.parallel", parallel)
	flag.Parse()
	err = cmp.Or(err, prepareWorkspace())
	dir, mkdirErr := os.MkdirTemp("", "otelcol-cloudflare-node-")
	err = cmp.Or(err, mkdirErr)
	if err == nil {
		collectorPath = filepath.Join(dir, "otelcol-cloudflare")
		err = buildCollector(collectorPath)
	}
	code := 1
	if err == nil {
		code = m.Run()
		err = goleak.Find()
	}
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// buildCollector builds the distribution from its committed sources, with the flags of `make build`.
func buildCollector(output string) error {
	cmd := exec.Command("go", "-C", filepath.Join(repository, "cmd", "otelcol-cloudflare"),
		"build", "-trimpath", "-ldflags", "-s -w", "-o", output, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return run(cmd)
}

// run runs a command, whose output is a part of its error.
func run(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}
