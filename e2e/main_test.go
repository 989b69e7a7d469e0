// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

// repository is the root of the working tree, as seen from this directory.
const repository = ".."

// built is the collector's executable, built once for all tests that start it.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// parallel is how many tests run side by side. They wait for most of their time, so it is more than there are processors.
const parallel = "6"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", parallel); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	flag.Parse()
	dir, err := os.MkdirTemp("", "otelcol-cloudflare-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built.dir = dir
	code := m.Run()
	if err := errors.Join(os.RemoveAll(dir), goleak.Find()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// executable builds the collector from the committed sources of the distribution, with the flags of `make build`.
func executable(t *testing.T) string {
	t.Helper()
	path := filepath.Join(built.dir, "otelcol-cloudflare")
	built.once.Do(func() {
		built.err = process.Build(path, filepath.Join(repository, "cmd", "otelcol-cloudflare"), ".")
	})
	require.NoError(t, built.err)
	return path
}
