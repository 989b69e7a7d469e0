#!/bin/sh
# Copyright The otelcol-cloudflare Authors
# SPDX-License-Identifier: Apache-2.0

# Before the deb ("remove") or rpm (0) package is removed for good. State and configuration stay.
set -e
[ -d /run/systemd/system ] || exit 0
case "$1" in
remove | 0) systemctl --quiet disable --now otelcol-cloudflare.service ;;
esac
