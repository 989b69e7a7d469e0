#!/bin/sh
# Copyright The otelcol-cloudflare Authors
# SPDX-License-Identifier: Apache-2.0

# What `make run` does: the collector with config/collector-prometheus.yaml, on Cloudflare if CLOUDFLARE_API_TOKEN is
# set, else on the simulator, which it starts and stops with it.
set -u
cd "$(dirname "$0")/.." || exit

: "${METRICS_PORT:=9464}" "${SIMULATOR_PORT:=8787}"
export METRICS_PORT SIMULATOR_PORT
gates=--feature-gates=extension.healthcheck.useComponentStatus # what config/*.yaml says of health needs it
collector=
simulator=

if [ -n "${CLOUDFLARE_API_TOKEN:-}" ]; then
	echo "make run: reading Cloudflare with CLOUDFLARE_API_TOKEN. Metrics: http://127.0.0.1:$METRICS_PORT/metrics"
	exec bin/otelcol-cloudflare $gates --config config/collector-prometheus.yaml
fi

# stop ends what was started, the collector first, and waits, so that nothing is left behind.
stop() {
	trap '' INT TERM HUP
	for process in $collector $simulator; do
		kill "$process" 2>/dev/null
		wait "$process" 2>/dev/null
	done
}

# fail tells which of the two ended by itself, and how.
fail() {
	wait "$2"
	status=$?
	stop
	echo "make run: the $1 ended by itself (status $status); its last lines above say why." >&2
	echo "make run: if an address is already in use, choose another port with METRICS_PORT ($METRICS_PORT)," \
		"SIMULATOR_PORT ($SIMULATOR_PORT), TELEMETRY_PORT, HEALTH_PORT or ZPAGES_PORT, for example:" \
		"METRICS_PORT=9474 make run" >&2
	[ "$status" -ne 0 ] || status=1
	exit "$status"
}

trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM
trap 'stop; exit 129' HUP

bin/cloudflare-simulator --listen "127.0.0.1:$SIMULATOR_PORT" --plans enterprise,business,pro --begin -2h &
simulator=$!
sleep 1 # in which it would find its port taken
kill -0 "$simulator" 2>/dev/null || fail simulator "$simulator"

bin/otelcol-cloudflare $gates --config config/collector-prometheus.yaml --config config/simulator.yaml &
collector=$!

sleep 2 # so that this is the last line on the screen, not the first
echo "make run: CLOUDFLARE_API_TOKEN is not set, so this is the simulator. Try: curl -s 127.0.0.1:$METRICS_PORT/metrics | grep ^cloudflare_zone_requests_total"

while kill -0 "$simulator" 2>/dev/null; do
	kill -0 "$collector" 2>/dev/null || fail collector "$collector"
	sleep 1 &
	wait $! # unlike sleep itself, interrupted by a signal
done
fail simulator "$simulator"
