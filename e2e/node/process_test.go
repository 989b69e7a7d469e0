// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// process is a running command.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  *logBuffer
	done chan struct{} // closed when the process has ended
	err  error         // how it ended; valid after done
}

// newCommand is a command with this environment and no other.
func newCommand(dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, env
	return cmd
}

// startProcess starts a command, which ends with the test at the latest. Its log must not contain the token.
func startProcess(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, log: &logBuffer{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	// A group of its own, so that what it starts in turn ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		assert.NotContains(t, p.log.String(), token, "the log shows the token")
		if t.Failed() {
			t.Logf("log of %s:\n%s", cmd.Path, p.log)
		}
	})
	return p
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// eventually polls until the condition holds, and gives up as soon as the process has ended.
func (p *process) eventually(condition func(*assert.CollectT)) {
	p.t.Helper()
	require.EventuallyWithT(p.t, func(c *assert.CollectT) {
		if p.running() {
			condition(c)
		}
	}, patience, 100*time.Millisecond)
	require.True(p.t, p.running(), "%s has ended", p.cmd.Path)
}

// kill ends the process without its knowing.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // fails if it has ended already
	<-p.done
}

// terminate asks the process to end, and waits until it has.
func (p *process) terminate() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.wait()
	require.NoError(p.t, p.err)
}

// wait expects the process to end by itself.
func (p *process) wait() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
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

// after is the rest of the line that begins so.
func (b *logBuffer) after(beginning string) (rest string, found bool) {
	for line := range strings.Lines(b.String()) {
		if rest, found := strings.CutPrefix(line, beginning); found && strings.HasSuffix(rest, "\n") {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}
