// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestNormalizePath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"":                            "/",
		"/":                           "/",
		"//":                          "/",
		"?a=b":                        "/",
		"index.html":                  "/index.html",
		"/a//b/":                      "/a/b",
		"/search?q=/secret":           "/search",
		"/cart;jsessionid=1A2B/items": "/cart",

		"/users/42/orders/007":                        "/users/:id/orders/:id",
		"/photos/4711.jpg":                            "/photos/:id.jpg",
		"/v2/top10":                                   "/v2/top10",
		"/jquery.3.6.0.min.js":                        "/jquery.3.6.0.min.js",
		"/u/123E4567-e89b-12d3-a456-426614174000":     "/u/:uuid",
		"/u/123e4567-e89b-12d3-a456-426614174000.png": "/u/:uuid.png",
		"/u/123e4567-e89b-12d3-a456-42661417400":      "/u/123e4567-e89b-12d3-a456-42661417400",
		"/u/{123e4567-e89b-12d3-a456-426614174000}":   "/u/{123e4567-e89b-12d3-a456-426614174000}",

		"/b/deadbeefdeadbeef":                   "/b/:token",
		"/b/deadbeefdeadbee":                    "/b/deadbeefdeadbee",
		"/app.3f2a9c1d8e7b6a5f4e3d.js":          "/app.:token.js",
		"/d/123e4567e89b12d3a456426614174000":   "/d/:token",
		"/o/01ARZ3NDEKTSV4RRFFQ69G5FAV":         "/o/:token",
		"/s/dGhpcyBpcyBhIHRva2VuIDQy_w%3D%3D":   "/s/:token",
		"/s/eyJhbGciOiJIUzI1NiJ9xyz.eyJzdWIi":   "/s/:token.eyJzdWIi",
		"/blog/how-to-install-windows-10-today": "/blog/how-to-install-windows-10-today",
		"/blog/internationalization":            "/blog/internationalization",
		"/%E4%BD%A0%E5%A5%BD%E4%B8%96":          "/%E4%BD%A0%E5%A5%BD%E4%B8%96",

		"/a/b/c/d":                    "/a/b/c/d",
		"/a/b/c/d/":                   "/a/b/c/d",
		"/a/b/c/d/e":                  "/a/b/c/d/…",
		"/a/b/c/d/e/f/1":              "/a/b/c/d/…",
		"/" + strings.Repeat("x", 64): "/" + strings.Repeat("x", 64),
		"/" + strings.Repeat("x", 65): "/" + strings.Repeat("x", 61) + "…",
		"/" + strings.Repeat("ü", 40): "/" + strings.Repeat("ü", 30) + "…",
		"/a\xffb":                     "/a\uFFFDb",
		"/wp-login.php":               "/wp-login.php",
		"/.env":                       "/.env",
		"/users/:id/:token.js/:uuid":  "/users/:id/:token.js/:uuid",
	} {
		assert.Equal(t, want, normalizePath(path), path)
	}
}

func FuzzNormalizePath(f *testing.F) {
	for _, path := range []string{"", "/a/1/b?c", "/\xff/…", "/" + strings.Repeat("é1.", 50), "a/b/c/d/e", "/:id.12/;"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		normal := normalizePath(path)
		assert.Equal(t, normal, normalizePath(normal), "its own normal form")
		assert.True(t, utf8.ValidString(normal))
		assert.True(t, strings.HasPrefix(normal, "/"))
		assert.NotContains(t, normal, "?")
		assert.LessOrEqual(t, len(normal), pathSegments*(1+segmentBytes)+len("/"+ellipsis))
	})
}
