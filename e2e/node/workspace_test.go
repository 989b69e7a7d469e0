// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

// workspace is where the packages are installed, with copies of all that uses them: modules are found in the node_modules
// above whoever imports them. Go and git look into no directory with a dot.
var workspace string

// prepareWorkspace copies this directory and the example there, and installs the packages.
func prepareWorkspace() (err error) {
	if err := checkNode(); err != nil {
		return err
	}
	if workspace, err = filepath.Abs(filepath.Join(repository, ".tools", "node")); err != nil {
		return err
	}
	if err := clearWorkspace(); err != nil {
		return err
	}
	example := filepath.Join(repository, "examples", "worker")
	return errors.Join(
		copyTree(".", workspace),
		copyTree(example, filepath.Join(workspace, "worker")),
		copyTree(filepath.Join(example, "sveltekit"), filepath.Join(workspace, "sveltekit", "src")),
		install(),
	)
}

// checkNode says what is missing. Vite needs the newest Node.js of all the packages.
func checkNode() error {
	const remedy = "these tests run real Workers: install Node.js 20.19 or later, with npm (https://nodejs.org)"
	out, err := exec.Command("node", "--version").Output()
	if err != nil {
		return fmt.Errorf("node: %w; %s", err, remedy)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out), "v%d.%d", &major, &minor); err != nil {
		return fmt.Errorf("node --version says %q: %w", out, err)
	}
	if major < 20 || major == 20 && minor < 19 {
		return fmt.Errorf("node is %s; %s", bytes.TrimSpace(out), remedy)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return fmt.Errorf("%w; %s", err, remedy)
	}
	return nil
}

// clearWorkspace leaves the packages alone.
func clearWorkspace() error {
	if err := os.MkdirAll(workspace, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(workspace)
	for _, entry := range entries {
		if entry.Name() != "node_modules" {
			err = errors.Join(err, os.RemoveAll(filepath.Join(workspace, entry.Name())))
		}
	}
	return err
}

// copyTree copies what git has of a directory of JavaScript: neither installed packages nor files with a dot.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if path != from && (name == "node_modules" || name[0] == '.' || filepath.Ext(name) == ".go") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, below)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
}

// install installs the packages, unless they are there. Their install scripts are not needed and do not run.
func install() error {
	installed := filepath.Join(workspace, "node_modules", ".installed.json")
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		return err
	}
	if present, err := os.ReadFile(installed); err == nil && bytes.Equal(present, lock) {
		return nil
	}
	if err := process.Run(nodeCommand("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")); err != nil {
		return err
	}
	return os.WriteFile(installed, lock, 0o644)
}

// nodeCommand is a program in the workspace that neither asks nor tells anybody anything.
func nodeCommand(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = workspace
	cmd.Env = append(process.Environment(), "CI=1", "NO_COLOR=1", "WRANGLER_SEND_METRICS=false",
		"XDG_CONFIG_HOME="+filepath.Join(workspace, ".config"))
	return cmd
}

// tool is one of the packages' programs, run in a directory of the workspace.
func tool(dir, name string, args ...string) *exec.Cmd {
	cmd := nodeCommand(filepath.Join(workspace, "node_modules", ".bin", name), args...)
	cmd.Dir = filepath.Join(workspace, dir)
	return cmd
}
