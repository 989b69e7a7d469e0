// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

import adapter from "@sveltejs/adapter-cloudflare";

export default { kit: { adapter: adapter() } };
