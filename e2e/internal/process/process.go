// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package process runs programs for tests: it builds them, finds ports for them, starts them, and ends them with the test.
// What they are told, and what is expected of them, is up to the tests.
package process

import (
	"errors"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Patience is how long the slowest machine may take to end a process.
const Patience = 90 * time.Second

// Process is a running command, and all that it has started.
type Process struct {
	// Log is what it writes.
	Log *Log

	t    *testing.T
	cmd  *exec.Cmd
	done chan struct{} // closed when the command has ended
	err  error         // how it ended; valid after done
}

// Start starts a command. It ends with the test at the latest, and whatever happens to it, its log must not contain the
// secrets.
func Start(t *testing.T, cmd *exec.Cmd, secrets ...string) *Process {
	t.Helper()
	p := &Process{Log: &Log{}, t: t, cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.Log, p.Log
	cmd.WaitDelay = Patience // for the output of others that outlive it
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Kill()
		for _, secret := range secrets {
			assert.NotContains(t, p.Log.String(), secret, "the log of %s shows a secret", cmd.Path)
		}
		if t.Failed() {
			t.Logf("log of %s with pid %d:\n%s", cmd.Path, cmd.Process.Pid, p.Log)
		}
	})
	return p
}

// Running says that the command has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Gone says that nothing is left of it, nor of what it has started.
func (p *Process) Gone() bool {
	return errors.Is(syscall.Kill(-p.cmd.Process.Pid, 0), syscall.ESRCH)
}

// Eventually polls until the condition holds, and gives up as soon as the command has ended.
func (p *Process) Eventually(within time.Duration, condition func(*assert.CollectT), what string) {
	p.t.Helper()
	require.EventuallyWithT(p.t, func(c *assert.CollectT) {
		if p.Running() {
			condition(c)
		}
	}, within, 100*time.Millisecond, what)
	require.True(p.t, p.Running(), "%s has ended while waiting: %s", p.cmd.Path, what)
}

// Signal reaches the command and all that it has started.
func (p *Process) Signal(signal syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, syscall.Kill(-p.cmd.Process.Pid, signal))
}

// Terminate asks the command to end, as Kubernetes does, expects it to do so without an error, and returns how long that took.
func (p *Process) Terminate() time.Duration {
	p.t.Helper()
	began := time.Now()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(p.t, p.Wait(), "the exit status of %s", p.cmd.Path)
	return time.Since(began)
}

// Kill ends the command and all that it has started without their knowing.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // fails if all have ended already
	<-p.done
}

// KillAfter kills it after a while, in which it must not end by itself.
func (p *Process) KillAfter(delay time.Duration) {
	p.t.Helper()
	select {
	case <-time.After(delay):
	case <-p.done:
		require.FailNow(p.t, "it has ended by itself", p.cmd.Path)
	}
	p.Kill()
}

// Wait expects the command to end by itself, and returns its error.
func (p *Process) Wait() error {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(Patience):
		require.FailNow(p.t, "it does not end", p.cmd.Path)
	}
	return p.err
}
