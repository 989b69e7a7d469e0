// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Command cloudflare-simulator serves a Cloudflare API of our own on one port: REST and GraphQL below /client/v4, and
// beside them POST /truth for exact totals, /faults to switch faults, and /healthz.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "cloudflare-simulator:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}
