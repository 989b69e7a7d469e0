#!/bin/sh
# Copyright The otelcol-cloudflare Authors
# SPDX-License-Identifier: Apache-2.0

# Builds Prometheus' own web pages into $1/static. The Go module has their sources only, and a Prometheus that was built
# from it serves what is in the directory static of where it is started.
set -eu
cd "$(dirname "$0")/.."

pnpm="npm exec --yes --package=pnpm@10.30.0 -- pnpm" # reads the lock file that comes with the sources
out=$1
work=.tools/prometheus-ui

command -v npm >/dev/null || {
	echo "make prometheus-ui: needs Node.js 20.19 or newer with npm. Prometheus' releases and images have these pages" \
		"built in: start one with --config.file=deploy/prometheus/prometheus.yml instead." >&2
	exit 1
}

go -C e2e/prometheus mod download github.com/prometheus/prometheus
sources=$(go -C e2e/prometheus list -m -f '{{.Dir}}' github.com/prometheus/prometheus)
rm -rf "$work" "$out/static"
mkdir -p "$work" "$out"
cp -R "$sources/web" "$work/"
chmod -R u+w "$work"
(
	cd "$work/web/ui"
	$pnpm install --frozen-lockfile
	$pnpm run build:mantine-ui
)
mv "$work/web/ui/static" "$out/static"
rm -rf "$work"
