// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package planner

import "slices"

// Split cuts a document that Cloudflare would not answer in two that it may: along datasets first, then scopes, then
// time. It is false when nothing is left to cut.
func (d *Document) Split() (first, second Document, ok bool) {
	if n := len(d.Parts) / 2; n > 0 {
		return Document{d.Scopes, d.Parts[:n]}, Document{d.Scopes, d.Parts[n:]}, true
	}
	if n := len(d.Scopes) / 2; n > 0 {
		return Document{d.Scopes[:n], d.Parts}, Document{d.Scopes[n:], d.Parts}, true
	}
	return d.halveTime()
}

// halveTime cuts a document with one part. Gauges describe one whole granule and totals one whole window; they are not
// cut.
func (d *Document) halveTime() (first, second Document, ok bool) {
	if d.Parts[0].Gauges || d.Parts[0].Total {
		return *d, Document{}, false
	}
	a, b, ok := d.Parts[0].Window.Halves(d.Parts[0].Resolution)
	if !ok {
		return *d, Document{}, false
	}
	return d.over(a), d.over(b), true
}

// over is the document with its only part over another window.
func (d *Document) over(w Window) Document {
	parts := slices.Clone(d.Parts)
	parts[0].Window, parts[0].Cut = w, true
	return Document{d.Scopes, parts}
}
