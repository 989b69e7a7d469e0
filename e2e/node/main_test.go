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
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
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
		err = process.Build(collectorPath, filepath.Join(repository, "cmd", "otelcol-cloudflare"), ".")
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
