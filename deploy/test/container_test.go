// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package deploytest

import (
	"bytes"
	"errors"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const token = "token-that-must-never-be-printed"

// container is an image's process: its entry point, its user and its environment, on this machine's network and with
// absolute paths moved to where the image's files are.
type container struct {
	t    *testing.T
	im   *image
	env  map[string]string
	cmd  *exec.Cmd
	log  *buffer
	done chan struct{}
}

// run does what docker run does with -e for each variable and with the arguments after the image, if there are any.
func run(t *testing.T, im *image, env map[string]string, args ...string) *container {
	t.Helper()
	all := maps.Clone(im.env)
	maps.Copy(all, env)
	if args == nil {
		args = im.cmd
	}
	c := &container{t: t, im: im, env: all, log: &buffer{}, done: make(chan struct{})}
	c.cmd = c.command(append(im.entrypoint, args...))
	c.cmd.Stdout, c.cmd.Stderr = c.log, c.log
	require.NoError(t, c.cmd.Start())
	go func() {
		_ = c.cmd.Wait()
		close(c.done)
	}()
	t.Cleanup(func() {
		c.kill()
		assert.NotContains(t, c.log.String(), token, "the log shows the token")
		if t.Failed() {
			t.Logf("log of %s:\n%s", c.cmd, c.log)
		}
	})
	return c
}

// command is a command line inside the container.
func (c *container) command(line []string) *exec.Cmd {
	for i := range line {
		line[i] = c.im.inside(line[i])
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = c.im.root
	cmd.Env = []string{}
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, name+"="+c.im.inside(value))
	}
	if os.Geteuid() == 0 {
		uid, gid := ids(c.t, c.im.user)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	return cmd
}

// inside moves an absolute path, alone or after a flag's equals sign, to the image's files.
func (im *image) inside(word string) string {
	flag, path, found := strings.Cut(word, "=/")
	if found {
		return flag + "=" + filepath.Join(im.root, path)
	}
	if filepath.IsAbs(word) {
		return filepath.Join(im.root, word)
	}
	return word
}

// healthy runs the image's health check, and tells whether its exit status is 0.
func (c *container) healthy() bool {
	return c.command(append([]string{}, c.im.healthcheck...)).Run() == nil
}

func (c *container) kill() {
	_ = c.cmd.Process.Kill() // fails if it has ended already
	<-c.done
}

// terminate does what docker stop does.
func (c *container) terminate() {
	c.t.Helper()
	require.NoError(c.t, c.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-c.done:
	case <-time.After(30 * time.Second):
		require.FailNow(c.t, "the container does not stop")
	}
	assert.Zero(c.t, c.cmd.ProcessState.ExitCode())
}

// buffer keeps what a process writes.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// freePort finds a port that nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, errors.Join(err, listener.Close()))
	return port
}

// get fetches a page, which must be there.
func get(t require.TestingT, url string) string {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	require.NoError(t, err)
	var page bytes.Buffer
	_, err = page.ReadFrom(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", &page)
	return page.String()
}
