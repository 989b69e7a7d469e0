// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package deploytest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/stretchr/testify/require"
)

var dockerfile = filepath.Join(repository, "deploy", "docker", "Dockerfile")

// image is what a target of the Dockerfile makes, without the base image's files.
type image struct {
	root        string // where its file system is
	base        string
	user        string
	env         map[string]string
	entrypoint  []string
	cmd         []string
	healthcheck []string
	ports       []string
	volumes     []string
}

// stages parses the Dockerfile with BuildKit's own parser and linter; any warning fails the test.
func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	text, err := os.ReadFile(dockerfile)
	require.NoError(t, err)
	result, err := parser.Parse(bytes.NewReader(text))
	require.NoError(t, err)
	require.Empty(t, result.Warnings)
	stages, _, err := instructions.Parse(result.AST, linter.New(&linter.Config{
		Warn: func(rule, _, _, message string, _ []parser.Range) { t.Errorf("%s: %s", rule, message) },
	}))
	require.NoError(t, err)
	return stages
}

// assemble does what Docker does with a target's instructions, with the executables of this machine.
func assemble(t *testing.T, target string) *image {
	t.Helper()
	// Not below t.TempDir, where nobody but root may look into.
	root, err := os.MkdirTemp(built.dir, target+"-") //nolint:usetesting // see above
	require.NoError(t, err)
	require.NoError(t, os.Chmod(root, 0o755))
	im := &image{root: root, env: map[string]string{}}
	for _, stage := range stages(t) {
		if stage.Name == target {
			im.base = stage.BaseName
			for _, command := range stage.Commands {
				im.apply(t, command)
			}
			return im
		}
	}
	require.FailNow(t, "no such target", target)
	return nil
}

func (im *image) apply(t *testing.T, command instructions.Command) {
	t.Helper()
	switch c := command.(type) {
	case *instructions.CopyCommand:
		for _, source := range c.SourcePaths {
			im.copy(t, c, source)
		}
	case *instructions.EnvCommand:
		for _, pair := range c.Env {
			im.env[pair.Key] = pair.Value
		}
	case *instructions.UserCommand:
		im.user = c.User
	case *instructions.ExposeCommand:
		im.ports = append(im.ports, c.Ports...)
	case *instructions.VolumeCommand:
		im.volumes = append(im.volumes, c.Volumes...)
	case *instructions.HealthCheckCommand:
		require.Equal(t, "CMD", c.Health.Test[0], "a health check that needs no shell")
		im.healthcheck = c.Health.Test[1:]
	case *instructions.EntrypointCommand:
		require.False(t, c.PrependShell, "an entry point that needs no shell")
		im.entrypoint = c.CmdLine
	case *instructions.CmdCommand:
		require.False(t, c.PrependShell, "a command that needs no shell")
		im.cmd = c.CmdLine
	default:
		require.Failf(t, "unexpected instruction", "%s", command)
	}
}

// copy copies one source of a COPY: a file or a folder's content from the build context, or what was built.
func (im *image) copy(t *testing.T, c *instructions.CopyCommand, source string) {
	t.Helper()
	from := filepath.Join(repository, filepath.FromSlash(source))
	if c.From != "" {
		require.Equal(t, "binaries", c.From)
		from = im.output(t, source)
	}
	to := filepath.Join(im.root, filepath.FromSlash(c.DestPath))
	info, err := os.Stat(from)
	require.NoError(t, err, "COPY %s", source)
	if info.IsDir() {
		require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	} else {
		if strings.HasSuffix(c.DestPath, "/") {
			to = filepath.Join(to, path.Base(source))
		}
		copyFile(t, from, to)
	}
	if c.Chown != "" && os.Geteuid() == 0 {
		uid, gid := ids(t, c.Chown)
		require.NoError(t, filepath.WalkDir(to, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(path, uid, gid)
		}))
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	require.NoError(t, err)
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
	require.NoError(t, os.WriteFile(to, content, info.Mode()))
}

// output is what the build stages leave at a path below /out.
func (im *image) output(t *testing.T, source string) string {
	t.Helper()
	name := path.Base(source)
	if name == "state" {
		empty := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.Mkdir(empty, 0o755))
		return empty
	}
	return executable(t, name)
}

// ids parses the numeric user and group that Kubernetes wants to see for runAsNonRoot.
func ids(t *testing.T, user string) (uid, gid int) {
	t.Helper()
	_, err := fmt.Sscanf(user, "%d:%d", &uid, &gid)
	require.NoError(t, err, "user %q", user)
	return uid, gid
}
