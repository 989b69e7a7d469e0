#!/bin/sh
# Copyright The otelcol-cloudflare Authors
# SPDX-License-Identifier: Apache-2.0

# After installation and upgrade of the deb and rpm package. The service is not started before there is a token.
set -e
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl try-restart otelcol-cloudflare.service
systemctl --quiet is-enabled otelcol-cloudflare.service || cat <<'TEXT'
otelcol-cloudflare: put the API token into /etc/otelcol-cloudflare/otelcol-cloudflare.env, then
  systemctl enable --now otelcol-cloudflare
TEXT
