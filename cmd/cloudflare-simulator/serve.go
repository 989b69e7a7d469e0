// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// shutdownGrace is how long running answers may take once the command was told to stop.
const shutdownGrace = time.Second

// run serves until ctx ends. It writes one line with the address when it listens.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	config, err := o.config(time.Now)
	if err != nil {
		return err
	}
	faults, err := o.startFaults()
	if err != nil {
		return err
	}
	s, err := simulator.New(config)
	if err != nil {
		return err
	}
	s.SetFaults(faults)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	if _, err := fmt.Fprintf(stdout, "cloudflare-simulator: listening on http://%s/client/v4\n", listener.Addr()); err != nil {
		return errors.Join(fmt.Errorf("saying where it listens: %w", err), listener.Close())
	}
	return serve(ctx, listener, s)
}

func serve(ctx context.Context, listener net.Listener, s *simulator.Simulator) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      10 * time.Minute, // of a request that hangs, too
		IdleTimeout:       2 * time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	s.Close()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	return nil
}
