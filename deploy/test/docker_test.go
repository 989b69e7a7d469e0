// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package deploytest

import (
	"bytes"
	"debug/elf"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docker run -p 9464:9464 -e CLOUDFLARE_API_TOKEN IMAGE serves metrics, as nobody in particular and from files of the image
// alone. What is added is where the simulated Cloudflare is, how fast to look, and ports, since others may hold theirs here.
func TestImageServesMetricsWithATokenAlone(t *testing.T) {
	t.Parallel()
	im := assemble(t, "collector")
	assert.Equal(t, "gcr.io/distroless/static-debian12:nonroot", im.base)
	assert.Equal(t, "65532:65532", im.user)
	assert.Equal(t, []string{"9464"}, im.ports)
	assert.Equal(t, []string{im.env["STATE_DIR"]}, im.volumes, "the state is on a volume")
	assert.Contains(t, im.entrypoint, gate)

	simulator, port := simulate(t)
	env := map[string]string{"CLOUDFLARE_API_TOKEN": token}
	for _, name := range []string{"METRICS_PORT", "TELEMETRY_PORT", "HEALTH_PORT", "ZPAGES_PORT"} {
		env[name] = freePort(t)
	}
	c := run(t, im, env, append(im.cmd, "--config=yaml:"+
		"receivers: {cloudflaremetrics: {http: {endpoint: 'http://127.0.0.1:"+port+"/client/v4'},"+
		"collection_interval: 2s, delay: 0s, lookback: 1h, rate_limit: {graphql: {requests: 100000, per: 1m}}}}")...)

	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		// Another address than 127.0.0.1, so that METRICS_ADDR has been heeded.
		page := get(collect, "http://127.0.0.2:"+env["METRICS_PORT"]+"/metrics")
		assert.Contains(collect, page, "\ncloudflare_zone_requests_total{")
		assert.True(collect, c.healthy())
	}, 2*time.Minute, 200*time.Millisecond, "metrics are served, and the health check says so")
	assert.NotEmpty(t, files(t, filepath.Join(im.root, im.env["STATE_DIR"])), "the ledger is on the volume")

	simulator.kill()
	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		assert.Contains(collect, get(collect, "http://127.0.0.1:"+env["HEALTH_PORT"]+"/status"), "StatusRecoverableError")
	}, 2*time.Minute, 200*time.Millisecond, "the outage is noticed")
	assert.True(t, c.healthy(), "healthy through an outage")

	c.terminate()
	assert.False(t, c.healthy(), "not healthy once it has stopped")
}

// The other shipped configurations are in the image, too, and its health check goes for them as well.
func TestImageTakesWhatWorkersPush(t *testing.T) {
	t.Parallel()
	im := assemble(t, "collector")
	env := map[string]string{"WORKERS_METRICS_TOKEN": token, "WORKERS_ENDPOINT": "0.0.0.0:" + freePort(t)}
	for _, name := range []string{"WORKERS_METRICS_PORT", "TELEMETRY_PORT", "HEALTH_PORT", "ZPAGES_PORT"} {
		env[name] = freePort(t)
	}
	c := run(t, im, env, "--config=/etc/otelcol-cloudflare/collector-workers.yaml")
	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		assert.True(collect, c.healthy())
	}, time.Minute, 100*time.Millisecond, "healthy")
	_, port, _ := strings.Cut(env["WORKERS_ENDPOINT"], ":")
	push, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "http://127.0.0.2:"+port+"/metrics/orders_total", http.NoBody)
	require.NoError(t, err)
	push.Header.Set("Authorization", "Bearer "+token)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(push)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, 2, response.StatusCode/100)
}

// Subcommands come after the image's name, with its configuration.
func TestImageValidates(t *testing.T) {
	t.Parallel()
	im := assemble(t, "collector")
	c := run(t, im, map[string]string{"CLOUDFLARE_API_TOKEN": token}, append([]string{"validate"}, im.cmd...)...)
	<-c.done
	assert.Zero(t, c.cmd.ProcessState.ExitCode())
	assert.Empty(t, c.log.String())
}

// What is in the images runs on nothing but Linux.
func TestExecutablesAreStatic(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"otelcol-cloudflare", "cloudflare-simulator", "healthcheck"} {
		file, err := elf.Open(executable(t, name))
		require.NoError(t, err)
		libraries, err := file.ImportedLibraries()
		require.NoError(t, errors.Join(err, file.Close()))
		assert.Empty(t, libraries, name)
		for _, segment := range file.Progs {
			assert.NotEqual(t, elf.PT_INTERP, segment.Type, "%s needs a dynamic linker", name)
		}
	}
}

// What .dockerignore lets through is enough for what the Dockerfile runs on it, and stamps the version.
func TestImageBuilds(t *testing.T) {
	t.Parallel()
	executable(t, "otelcol-cloudflare") // has compiled most of it
	dir := t.TempDir()
	source, output := filepath.Join(dir, "src"), filepath.Join(dir, "out")
	for _, file := range buildContext(t) {
		copyFile(t, filepath.Join(repository, file), filepath.Join(source, file))
	}
	line := strings.ReplaceAll(buildLine(t), " /out", " "+output)
	build := exec.CommandContext(t.Context(), "sh", "-ec", line)
	build.Dir = source
	build.Env = append(os.Environ(), "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH, "VERSION=1.2.3")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	version, err := exec.CommandContext(t.Context(), filepath.Join(output, "otelcol-cloudflare"), "--version").CombinedOutput()
	require.NoError(t, err)
	assert.Equal(t, "otelcol-cloudflare version 1.2.3\n", string(version))
	assert.FileExists(t, filepath.Join(output, "cloudflare-simulator"))
	assert.FileExists(t, filepath.Join(output, "healthcheck"))
}

// buildLine is what the Dockerfile runs to compile, for a shell.
func buildLine(t *testing.T) string {
	t.Helper()
	stages := stages(t)
	require.Equal(t, "compiled", stages[0].Name)
	for _, command := range stages[0].Commands {
		if run, ok := command.(*instructions.RunCommand); ok {
			require.NoError(t, run.Expand(func(word string) (string, error) { return word, nil }))
			return strings.Join(run.CmdLine, " ")
		}
	}
	require.FailNow(t, "nothing is run")
	return ""
}

// buildContext lists the files that Docker sends to the build. Those that git ignores must not be among them.
func buildContext(t *testing.T) (sent []string) {
	t.Helper()
	text, err := os.ReadFile(dockerfile + ".dockerignore")
	require.NoError(t, err)
	patterns, err := ignorefile.ReadAll(bytes.NewReader(text))
	require.NoError(t, err)
	matcher, err := patternmatcher.New(patterns)
	require.NoError(t, err)
	for _, list := range [][]string{{"--cached"}, {"--others"}} {
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", repository, "ls-files", "-z"}, list...)...).Output()
		require.NoError(t, err)
		for path := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
			ignored, err := matcher.MatchesOrParentMatches(path)
			require.NoError(t, err)
			if !ignored {
				sent = append(sent, path)
			}
		}
	}
	for _, path := range sent {
		assert.NotRegexp(t, `^(bin|state|\.git|\.tools)/|\.env$`, path)
	}
	return sent
}

// simulate starts the simulator's image.
func simulate(t *testing.T) (simulator *container, port string) {
	t.Helper()
	im := assemble(t, "simulator")
	assert.Equal(t, "65532:65532", im.user)
	port = freePort(t)
	im.healthcheck[len(im.healthcheck)-1] = strings.ReplaceAll(im.healthcheck[len(im.healthcheck)-1], "8787", port)
	c := run(t, im, nil, "--listen=:"+port, "--token="+token, "--begin=-2h")
	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		assert.True(collect, c.healthy())
	}, time.Minute, 100*time.Millisecond, "the simulator is healthy")
	return c, port
}

func files(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	return entries
}
