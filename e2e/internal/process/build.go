// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
)

// meddling are the variables that the shipped configurations, make, the Collector, wrangler and Miniflare listen to.
var meddling = regexp.MustCompile(`^((CLOUDFLARE|SIMULATOR|WORKERS|WRANGLER|MINIFLARE|REMOTE_WRITE|OTLP|OTEL|COLLECTOR|MAKE|CF_)\w*|` +
	`[A-Z]+_(ADDR|PORT)|STATE_DIR|LOG_LEVEL|MFLAGS|VERSION|NODE_ENV)=`)

// Environment is ours without what would change what is tested.
func Environment() []string { return slices.DeleteFunc(os.Environ(), meddling.MatchString) }

// Run runs a command, whose output is a part of its error.
func Run(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

// Build builds a package of the module in a directory as `make` does, with more flags if it needs them. A relative output is
// relative to the directory.
func Build(output, dir, pkg string, flags ...string) error {
	args := append([]string{"-C", dir, "build", "-trimpath", "-ldflags", "-s -w", "-o", output}, flags...)
	cmd := exec.Command("go", append(args, pkg)...) //nolint:gosec // tests say what is built
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return Run(cmd)
}
