// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

const (
	pathSegments = 4  // more are cut
	segmentBytes = 64 // so that a path has no more than 264 bytes
	ellipsis     = "…"

	hexBytes   = 16 // shorter ones are words, colours and versions
	tokenBytes = 20
)

// normalizePath makes few values of many paths: identifiers become the placeholders :id, :uuid and :token, and what
// comes after four segments, like the query string and path parameters (;), is cut. It is valid UTF-8, and its own
// normal form.
func normalizePath(path string) string {
	if end := strings.IndexAny(path, "?;"); end >= 0 {
		path = path[:end]
	}
	var normal strings.Builder
	segments := 0
	for segment := range strings.SplitSeq(strings.ToValidUTF8(path, "\uFFFD"), "/") {
		switch {
		case segment == "":
			continue
		case segments == pathSegments:
			return normal.String() + "/" + ellipsis
		}
		segments++
		normal.WriteString("/" + normalizeSegment(segment))
	}
	if segments == 0 {
		return "/"
	}
	return normal.String()
}

// normalizeSegment looks at what is between dots by itself: 4711.jpg is :id.jpg.
func normalizeSegment(segment string) string {
	parts := strings.Split(segment, ".")
	for i, part := range parts {
		switch {
		case i == 0 && isNumber(part):
			parts[i] = ":id"
		case len(part) == len(uuid.Nil.String()) && uuid.Validate(part) == nil:
			parts[i] = ":uuid"
		case isHex(part) || isToken(part):
			parts[i] = ":token"
		}
	}
	return cut(strings.Join(parts, "."))
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isHex(s string) bool {
	return len(s) >= hexBytes && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// isToken tells text of letters and digits, such as base64 and ULIDs, from words with separators between them.
func isToken(s string) bool {
	letters, digits := 0, 0
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			letters++
		case !strings.ContainsRune("-_~+=%", rune(c)):
			return false
		}
	}
	separators := len(s) - letters - digits
	return len(s) >= tokenBytes && letters > 0 && digits > 0 && separators <= len(s)/10
}

// cut bounds a segment's length.
func cut(s string) string {
	if len(s) <= segmentBytes {
		return s
	}
	end := segmentBytes - len(ellipsis)
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}
