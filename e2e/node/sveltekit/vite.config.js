// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

import { sveltekit } from "@sveltejs/kit/vite";

export default { plugins: [sveltekit()] };
