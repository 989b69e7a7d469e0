// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Command pushbench measures what takes pushes: workersmetrics in the built collector, and what it replaces. It starts one
// server after the other, has clients push to it as fast as it answers, then at half that rate, and prints what a push
// cost the server, how long it took, how large the server grew, and how many of the pushes its counters show.
//
//	make build
//	go -C tools/pushbench/pushgateway build -o ../../../bin/pushgateway github.com/prometheus/pushgateway
//	go -C tools run ./pushbench -pushgateway ../bin/pushgateway
//	go -C tools run ./pushbench -only 'memory, OTLP' -for 1h
//
// Without -pushgateway Prometheus' Pushgateway is left out.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	collector   string
	pushgateway string
	only        string
	clients     int
	pushes      int
	full        time.Duration
	labelSets   int
}

// result is what was measured of one server.
type result struct {
	rate     float64       // pushes per second, as fast as it answers
	cpu      time.Duration // of the server, per push
	p50, p99 time.Duration // at half the rate
	early    int64         // resident bytes after a tenth of the pushes
	late     int64         // and after all
	kept     float64       // what the counters show, of pushed
	pushed   int
}

func main() {
	var o options
	flag.StringVar(&o.collector, "collector", "../bin/otelcol-cloudflare", "executable of the collector")
	flag.StringVar(&o.pushgateway, "pushgateway", "", "executable of Prometheus' Pushgateway")
	flag.StringVar(&o.only, "only", "", "measure only servers whose name contains this")
	flag.IntVar(&o.clients, "clients", 64, "connections, each with one push at a time")
	flag.IntVar(&o.pushes, "pushes", 10_000_000, "pushes at full rate, at the most")
	flag.DurationVar(&o.full, "for", 20*time.Second, "how long to push at full rate, at the most")
	flag.IntVar(&o.labelSets, "label-sets", 5000, "of a counter and a histogram, so there are twice as many series")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fmt.Println("| server | pushes/s | CPU per push | p50 | p99 | memory after 10 % | after all | counted |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, s := range servers(o) {
		if !strings.Contains(s.name, o.only) {
			continue
		}
		r, err := measure(ctx, s, o)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Printf("| %s | %.0f | %.1f µs | %.2f ms | %.2f ms | %d MiB | %d MiB | %.0f of %d |\n", s.name, r.rate,
			float64(r.cpu.Nanoseconds())/1e3, milliseconds(r.p50), milliseconds(r.p99), r.early>>20, r.late>>20, r.kept, r.pushed)
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

func measure(ctx context.Context, s server, o options) (result, error) {
	p, err := start(ctx, s)
	if err != nil {
		return result{}, err
	}
	defer p.stop()
	l := load{address: p.address, requests: s.requests(o.labelSets), clients: o.clients}
	if err := l.fill(ctx); err != nil {
		return result{}, err
	}
	r := result{pushed: o.labelSets}
	for _, part := range []struct {
		share    float64
		resident *int64
	}{{0.1, &r.early}, {0.9, &r.late}} {
		pushes, err := r.flatOut(ctx, p, l, int(part.share*float64(o.pushes)), time.Duration(part.share*float64(o.full)))
		if err != nil {
			return r, err
		}
		r.pushed += pushes
		if *part.resident, err = p.resident(); err != nil {
			return r, err
		}
	}
	paced := max(1, int(r.rate/2*10)) // ten seconds of it
	latencies, err := l.paced(ctx, paced, r.rate/2)
	if err != nil {
		return r, err
	}
	r.p50, r.p99 = latencies[len(latencies)/2], latencies[len(latencies)*99/100]
	r.pushed += paced
	r.kept, err = p.counted(ctx, s)
	return r, err
}

// flatOut measures what pushes cost while as many come as are answered.
func (r *result) flatOut(ctx context.Context, p *process, l load, pushes int, limit time.Duration) (int, error) {
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	done, took, err := l.flatOut(ctx, pushes, limit)
	if err != nil {
		return done, err
	}
	after, err := p.cpu()
	r.rate = float64(done) / took.Seconds()
	r.cpu = (after - before) / time.Duration(max(1, done))
	return done, err
}
