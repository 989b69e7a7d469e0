// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// process is a collector, or what has started one.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  *logBuffer
	done chan struct{} // closed when the process has ended
	err  error         // how it ended; valid after done
}

// startProcess starts a command in the repository's root. It ends with the test at the latest, and whatever happens to
// it, its log must not contain the token.
func startProcess(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), log: &logBuffer{}, done: make(chan struct{})}
	p.cmd.Env = append(cleanEnvironment(), env...)
	p.cmd.Dir = repository
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	// A group of its own, so that what it starts in turn can be signalled with it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		assert.NotContains(t, p.log.String(), testToken, "the log shows the token")
		if t.Failed() {
			t.Logf("log of %s with pid %d:\n%s", name, p.cmd.Process.Pid, p.log)
		}
	})
	return p
}

// meddling are the variables that the shipped configurations, make and the Collector listen to.
var meddling = regexp.MustCompile(
	`^((CLOUDFLARE|SIMULATOR|WORKERS|REMOTE_WRITE|OTLP|OTEL|COLLECTOR|MAKE)\w*|[A-Z]+_PORT|STATE_DIR|LOG_LEVEL|MFLAGS|VERSION)=`)

// cleanEnvironment is ours without what would change what is tested.
func cleanEnvironment() []string { return slices.DeleteFunc(os.Environ(), meddling.MatchString) }

// running says that the process has not ended.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// terminate asks the process to end, as systemd and Kubernetes do, and returns how long that took.
func (p *process) terminate() time.Duration {
	p.t.Helper()
	began := time.Now()
	p.signal(syscall.SIGTERM)
	p.wait(30 * time.Second)
	return time.Since(began)
}

// signal reaches the process and all that it has started.
func (p *process) signal(signal syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, syscall.Kill(-p.cmd.Process.Pid, signal))
}

// kill ends the process without its knowing.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // fails if it has ended already
	<-p.done
}

// wait expects the process to end by itself.
func (p *process) wait(deadline time.Duration) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(deadline):
		require.FailNow(p.t, "the process does not end")
	}
}

// logBuffer keeps what a process writes.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// lines returns the lines that contain all of the parts.
func (b *logBuffer) lines(parts ...string) []string {
	var found []string
next:
	for line := range strings.Lines(b.String()) {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue next
			}
		}
		found = append(found, line)
	}
	return found
}

// shipped is the path of one of the configurations that users start from, as seen from the repository's root.
func shipped(name string) string { return filepath.Join("config", name) }
