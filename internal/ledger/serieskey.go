// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/binary"
)

// maxKeyBytes bounds a label set, so that a page of series has a bounded size in memory however small it is when encoded.
const maxKeyBytes = 1 << 16

// A series key is the metric's index followed by the attribute values, each with its length before it. Numbers are
// unsigned varints. Two series of a partition are the same if and only if their keys are. The key of an overflow series is
// bare, without values, and so unlike any other of a metric with attributes.

func appendKey(dst []byte, metric int, values []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(metric))
	for _, v := range values {
		dst = binary.AppendUvarint(dst, uint64(len(v)))
		dst = append(dst, v...)
	}
	return dst
}

func isBare(key string) bool {
	_, values := cutUvarint(key)
	return values == ""
}

// appendValues appends the attribute values of a key to buf as substrings of it.
func appendValues(buf []string, key string) []string {
	_, rest := cutUvarint(key)
	for rest != "" {
		var n int
		n, rest = cutUvarint(rest)
		buf = append(buf, rest[:n])
		rest = rest[n:]
	}
	return buf
}

// cutUvarint is binary.Uvarint for the strings that appendKey made, which are well-formed.
func cutUvarint(s string) (int, string) {
	if s[0] < 0x80 {
		return int(s[0]), s[1:]
	}
	n, shift := 0, 0
	for i := 0; ; i++ {
		n |= int(s[i]&0x7f) << shift
		if s[i] < 0x80 {
			return n, s[i+1:]
		}
		shift += 7
	}
}
