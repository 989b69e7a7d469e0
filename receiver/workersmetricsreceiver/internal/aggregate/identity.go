// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	// OtherValue stands for all values of an attribute beyond the limit.
	OtherValue = "_OTHER"
	// overflowAttribute marks the series that takes what is beyond the limit of series.
	overflowAttribute = "otel.metric.overflow"
	// instanceAttribute tells the sources of cumulative points apart.
	instanceAttribute = "service.instance.id"

	maxNameBytes  = 255
	maxValueBytes = 1024
	maxAttributes = 64
)

// label is an attribute. Series are told apart by the text of its value; the first that comes gives its type.
type label struct {
	name  string
	value string
	raw   pcommon.Value
}

func (l label) compare(other label) int { return strings.Compare(l.name, other.name) }

type labels []label

// identity is what tells a series of a metric from others.
type identity struct {
	resource   labels // sorted
	attributes labels // sorted
}

// key returns the identity as text, and the part of it that is the resource.
func (who *identity) key() (key, resource string) {
	b, n := who.appendKey(nil)
	key = string(b)
	return key, key[:n]
}

func (who *identity) appendKey(dst []byte) (key []byte, resourceBytes int) {
	dst = who.resource.appendKey(dst)
	n := len(dst)
	return who.attributes.appendKey(dst), n
}

func (l labels) appendKey(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(l)))
	for i := range l {
		dst = binary.AppendUvarint(dst, uint64(len(l[i].name)))
		dst = append(dst, l[i].name...)
		dst = binary.AppendUvarint(dst, uint64(len(l[i].value)))
		dst = append(dst, l[i].value...)
	}
	return dst
}

func (l labels) to(attributes pcommon.Map) {
	attributes.EnsureCapacity(len(l))
	for i := range l {
		target := attributes.PutEmpty(l[i].name)
		switch raw := l[i].raw; raw.Type() {
		case pcommon.ValueTypeInt, pcommon.ValueTypeBool, pcommon.ValueTypeDouble:
			raw.CopyTo(target)
		default:
			target.SetStr(l[i].value)
		}
	}
}

// digest returns 16 bytes that stand for a text of any length.
func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return string(sum[:16])
}

func (s *Store) isAllowed(name string) bool {
	return s.allowed == nil || s.allowed[name]
}

// addAll appends all attributes in the order of their names, and refuses names that no series can have.
func (l labels) addAll(attributes pcommon.Map) (labels, *Refusal) {
	if attributes.Len() > maxAttributes {
		return l, refuse(Invalid, "a point has %d attributes; %d are the most", attributes.Len(), maxAttributes)
	}
	for name, value := range attributes.All() {
		if !validAttribute(name) {
			return l, refuse(Invalid, "attribute name %.60q is not valid", name)
		}
		if text := clean(value); text != "" { // to Prometheus an empty one is none
			l = append(l, label{name: name, value: text, raw: value})
		}
	}
	slices.SortFunc(l, label.compare)
	for i := range len(l) - 1 {
		if l[i].name == l[i+1].name {
			return l, refuse(Invalid, "attribute %s occurs twice", l[i].name)
		}
	}
	return l, nil
}

// clean returns the text of a value, as UTF-8 and cut to the longest that is taken.
func clean(value pcommon.Value) string {
	text := value.AsString()
	if len(text) > maxValueBytes {
		cut := maxValueBytes
		for cut > maxValueBytes-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	if !utf8.ValidString(text) {
		return strings.ToValidUTF8(text, "\uFFFD")
	}
	return text
}

func validAttribute(name string) bool {
	return name != "" && len(name) <= maxNameBytes && !strings.HasPrefix(name, "__") && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' })
}

// ValidName reports whether a metric can have the name: what OpenTelemetry allows for an instrument, and what Prometheus
// does without quotes, unless it is reserved.
func ValidName(name string) bool {
	if name == "" || len(name) > maxNameBytes || strings.HasPrefix(name, "__") {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':'
		if !letter && (i == 0 || c != '.' && c != '-' && c != '/' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}
