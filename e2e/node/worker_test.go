// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

// bundle is a Worker as wrangler would upload it.
type bundle struct {
	config string // its wrangler configuration
	script string
}

// The Workers of these tests, bundled once each.
var (
	shop         = bundled("worker", "wrangler.jsonc", "index.js")
	increments   = bundled("worker", "wrangler.increments.jsonc", "increments.js")
	observations = bundled("observations", "wrangler.jsonc", "index.js")
	svelteKit    = bundled("sveltekit", "wrangler.jsonc", "_worker.js", "vite", "build")
)

// bundled builds a Worker in a directory of the workspace, with a command before that if it needs one.
func bundled(dir, config, script string, before ...string) func() (bundle, error) {
	return sync.OnceValues(func() (bundle, error) {
		if len(before) > 0 {
			if err := process.Run(tool(dir, before[0], before[1:]...)); err != nil {
				return bundle{}, err
			}
		}
		out := filepath.Join(workspace, "bundles", dir+"-"+config)
		err := process.Run(tool(dir, "wrangler", "deploy", "--dry-run", "--config="+config, "--outdir="+out))
		return bundle{config: filepath.Join(workspace, dir, config), script: filepath.Join(out, script)}, err
	})
}

// worker is a Worker that runs in workerd.
type worker struct {
	*process.Process

	t      *testing.T
	origin string
	client http.Client
}

// startWorker runs a Worker that pushes there. Further options are those of serve.mjs.
func startWorker(t *testing.T, build func() (bundle, error), intake string, options map[string]any) *worker {
	t.Helper()
	b, err := build()
	require.NoError(t, err)
	bindings := map[string]string{"METRICS_URL": intake, "METRICS_TOKEN": token, "OPENROUTER_API_KEY": "key"}
	all := map[string]any{"config": b.config, "bundle": b.script, "bindings": bindings}
	maps.Copy(all, options)
	text, err := json.Marshal(all)
	require.NoError(t, err)
	w := &worker{Process: process.Start(t, nodeCommand("node", "serve.mjs", string(text)), token), t: t}
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	w.client = http.Client{Timeout: patience, Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	listening := regexp.MustCompile(`(?m)^listening (\S+)\n`)
	w.Eventually(patience, func(c *assert.CollectT) {
		if found := listening.FindStringSubmatch(w.Log.String()); assert.NotNil(c, found) {
			w.origin = found[1]
		}
	}, "the Worker listens")
	return w
}

// call is a request to a Worker, and the status that it answers with.
type call struct {
	method, path, body string
	country            string // where Cloudflare says that it comes from
	status             int
}

// clients is how many clients make requests at once.
const clients = 50

// load makes all of the calls, many at once.
func (w *worker) load(calls []call) {
	w.t.Helper()
	began := time.Now()
	queue := make(chan call)
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for c := range queue {
				assert.NoError(w.t, w.do(c))
			}
		})
	}
	for _, c := range calls {
		queue <- c
	}
	close(queue)
	group.Wait()
	w.t.Logf("%d requests by %d clients took %v", len(calls), clients, time.Since(began).Round(time.Millisecond))
}

func (w *worker) do(c call) error {
	request, err := http.NewRequest(c.method, w.origin+c.path, bodyOf(c.body))
	if err != nil {
		return err
	}
	if c.country != "" {
		request.Header.Set("MF-CF-Blob", `{"country":"`+c.country+`"}`) // Miniflare's request.cf
	}
	response, err := w.client.Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode != c.status {
		err = fmt.Errorf("%s %s is answered with %s instead of %d", c.method, c.path, response.Status, c.status)
	}
	_, copyErr := io.Copy(io.Discard, response.Body)
	return errors.Join(err, copyErr, response.Body.Close())
}

// bodyOf is the body of a request, if it has one.
func bodyOf(text string) io.Reader {
	if text == "" {
		return http.NoBody
	}
	return strings.NewReader(text)
}
