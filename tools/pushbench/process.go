// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server that runs.
type process struct {
	cmd     *exec.Cmd
	dir     string
	address string // of the intake
	metrics string // address of what has been counted
}

// start starts a server and waits until it listens.
func start(ctx context.Context, s server) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	metrics, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pushbench-")
	if err != nil {
		return nil, err
	}
	args := s.command(dir, address, metrics)
	p := &process{cmd: exec.CommandContext(ctx, args[0], args[1:]...), dir: dir, address: address, metrics: metrics} //nolint:gosec // of the flags
	p.cmd.Stdout, p.cmd.Stderr = os.Stderr, os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, p.listens(ctx)
}

// freeAddress finds one that nobody listens at.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// listens waits until the server does, and stops it if that takes too long.
func (p *process) listens(ctx context.Context) error {
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.address)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(until) || ctx.Err() != nil {
			p.stop()
			return err
		}
	}
}

// stop ends the server; how it ends says nothing about what was measured.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
	_ = os.RemoveAll(p.dir)
}

// cpu returns the time that the server has spent on processors (proc_pid_stat(5), fields 14 and 15, in hundredths of a
// second).
func (p *process) cpu() (time.Duration, error) {
	text, err := p.stat("stat")
	if err != nil {
		return 0, err
	}
	list := strings.Fields(text[strings.LastIndex(text, ")")+2:]) // a name may contain spaces
	ticks := 0
	for _, field := range list[11:13] {
		n, _ := strconv.Atoi(field) // the kernel writes numbers
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// resident returns how much memory the server has (proc_pid_statm(5), field 2, in pages).
func (p *process) resident() (int64, error) {
	text, err := p.stat("statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(strings.Fields(text)[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// stat reads a file about a process that runs.
func (p *process) stat(name string) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, name))
	return string(text), err
}

// counted adds up the counters that the server shows, once they do not change any more. A collector shows them with its next
// emission but one.
func (p *process) counted(ctx context.Context, s server) (float64, error) {
	address := p.metrics
	if s.shown != "" {
		address = p.address
	}
	last := -1.0
	for {
		total, err := sum(ctx, "http://"+address+"/metrics")
		if err != nil || total == last {
			return total, err
		}
		last = total
		select {
		case <-ctx.Done():
			return total, context.Cause(ctx)
		case <-time.After(25 * time.Second):
		}
	}
}

func sum(ctx context.Context, url string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	total := 0.0
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, "http_requests_total{") {
			value, err := strconv.ParseFloat(line[strings.LastIndex(line, " ")+1:], 64)
			if err != nil {
				return 0, err
			}
			total += value
		}
	}
	return total, lines.Err()
}
