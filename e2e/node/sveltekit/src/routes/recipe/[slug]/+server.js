// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

/** @type {import('./$types').RequestHandler} */
export const GET = ({ params }) => new Response(`${params.slug}\n`);
