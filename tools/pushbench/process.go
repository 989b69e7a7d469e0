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
	dir, err := os.MkdirTemp("", "pushbench-")
	if err != nil {
		return nil, err
	}
	p := &process{dir: dir}
	for _, address := range []*string{&p.address, &p.metrics} {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		*address = listener.Addr().String()
		if err := listener.Close(); err != nil {
			return nil, err
		}
	}
	args := s.command(dir, p.address, p.metrics)
	p.cmd = exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // of the flags
	p.cmd.Stdout, p.cmd.Stderr = os.Stderr, os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.address)
		if err == nil {
			return p, conn.Close()
		}
		if time.Now().After(until) || ctx.Err() != nil {
			p.stop()
			return nil, err
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
func (p *process) cpu() time.Duration {
	fields := p.stat("stat")
	fields = fields[strings.LastIndex(fields, ")")+2:] // a name may contain spaces
	list := strings.Fields(fields)
	ticks := 0
	for _, field := range list[11:13] {
		n, _ := strconv.Atoi(field) // the kernel writes numbers
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// resident returns how much memory the server has (proc_pid_statm(5), field 2, in pages).
func (p *process) resident() int64 {
	pages, _ := strconv.ParseInt(strings.Fields(p.stat("statm"))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// stat reads a file about a process that runs.
func (p *process) stat(name string) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, name))
	if err != nil {
		panic(err)
	}
	return string(text)
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
		time.Sleep(25 * time.Second)
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
