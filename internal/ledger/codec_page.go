// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
)

// A page's body is: the partition's ID, the page's number, the number of series, the texts that occur as attribute
// values (each once), the first start timestamp, the unit of start timestamps, and then for each series
//
//	4 × metric + 2 if it is the overflow series + 1 if shown; for each attribute the number of its text, unless it is
//	the overflow series; start timestamp, as difference to that of the series before, in units; value.
//
// In version 1 it was 2 × metric + 1 if shown, and there was no overflow series.
//
// The unit is the greatest that divides all differences (windows usually begin at full minutes). Doubles are written
// with their bytes in reverse order: most have only zeros at the low end.

// encoder holds the memory that is used again from record to record.
type encoder struct {
	scratch []byte
	body    []byte
	numbers map[string]int // of texts
	texts   []string
	values  []string
}

// done completes the record that was made in the scratch memory, and returns a copy that the storage may keep.
func (enc *encoder) done(b []byte) []byte {
	enc.scratch = endRecord(b)
	return bytes.Clone(enc.scratch)
}

func (enc *encoder) page(id ID, number int, metrics []Metric, entries []entry) []byte {
	unit := startUnit(entries)
	enc.encodeEntries(metrics, entries, unit)
	b := beginRecord(enc.scratch[:0], pageMagic)
	b = appendID(b, id)
	b = binary.AppendUvarint(b, uint64(number))
	b = binary.AppendUvarint(b, uint64(len(entries)))
	b = binary.AppendUvarint(b, uint64(len(enc.texts)))
	for _, text := range enc.texts {
		b = appendText(b, text)
	}
	b = binary.AppendVarint(b, entries[0].start)
	b = binary.AppendVarint(b, unit)
	return enc.done(append(b, enc.body...))
}

func (enc *encoder) encodeEntries(metrics []Metric, entries []entry, unit int64) {
	if enc.numbers == nil {
		enc.numbers = map[string]int{}
	}
	clear(enc.numbers)
	enc.texts = enc.texts[:0]
	b := enc.body[:0]
	previous := entries[0].start
	for i := range entries {
		e := &entries[i]
		b = binary.AppendUvarint(b, tag(e, &metrics[e.metric]))
		enc.values = appendValues(enc.values[:0], e.key)
		for _, value := range enc.values {
			b = binary.AppendUvarint(b, uint64(enc.number(value)))
		}
		b = binary.AppendVarint(b, (e.start-previous)/unit)
		b = binary.AppendUvarint(b, metrics[e.metric].Type.pack(e.bits))
		previous = e.start
	}
	enc.body = b
}

func tag(e *entry, m *Metric) uint64 {
	t := 4 * uint64(e.metric)
	if m.overflows() && isBare(e.key) {
		t += 2
	}
	if e.state == shown {
		t++
	}
	return t
}

func (enc *encoder) number(text string) int {
	n, ok := enc.numbers[text]
	if !ok {
		n = len(enc.texts)
		enc.numbers[text] = n
		enc.texts = append(enc.texts, text)
	}
	return n
}

// startUnit returns the greatest common divisor of the differences between start timestamps, or 1. Differences may wrap
// around; adding them up wraps back.
func startUnit(entries []entry) int64 {
	unit := uint64(0)
	previous := entries[0].start
	for _, e := range entries {
		difference := e.start - previous
		unit = gcd(unit, min(uint64(difference), uint64(-difference)))
		previous = e.start
	}
	if unit == 0 || unit > math.MaxInt64 {
		return 1
	}
	return int64(unit)
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (t ValueType) pack(v uint64) uint64 {
	if t == Double {
		return bits.ReverseBytes64(v)
	}
	return v
}

// unpack reports false for what cannot be a value of the type.
func (t ValueType) unpack(packed uint64) (uint64, bool) {
	switch t {
	case Double:
		v := bits.ReverseBytes64(packed)
		return v, Value{bits: v, valueType: t}.isIncrement(t)
	case Bits:
		return packed, true
	case Int:
	}
	return packed, packed <= math.MaxInt64
}

// usualKeyBytes is what the keys of a page have on average, seldom more.
const usualKeyBytes = 128

// decodedPage is a page as read back.
type decodedPage struct {
	id      ID
	number  int
	entries []entry
}

// decodePage reads a page of a partition with these metrics. All keys of a page share one string.
func decodePage(record []byte, metrics []Metric) (decodedPage, error) {
	d, err := openRecord(record, pageMagic)
	if err != nil {
		return decodedPage{}, err
	}
	p := decodedPage{id: d.id(), number: d.number(math.MaxUint32)}
	p.entries = make([]entry, d.number(pageSeries))
	texts := make([][]byte, d.count())
	for i := range texts {
		texts[i] = d.text()
	}
	d.entries(p.entries, texts, metrics)
	return p, d.end()
}

func (d *decoder) entries(entries []entry, texts [][]byte, metrics []Metric) {
	keys := make([]byte, 0, len(entries)*usualKeyBytes)
	ends := make([]int, len(entries))
	start, unit := d.varint(), d.varint()
	for i := range entries {
		e := &entries[i]
		attributes, ok := d.tag(e, metrics)
		if !ok {
			return
		}
		before := len(keys)
		keys = d.key(keys, int(e.metric), attributes, texts)
		if ends[i] = len(keys); ends[i]-before > maxKeyBytes {
			d.fail()
			return
		}
		start += d.varint() * unit
		e.start = start
		e.bits = d.value(metrics[e.metric].Type)
	}
	setKeys(entries, string(keys), ends)
}

// tag reads what begins a series and returns how many attribute values follow.
func (d *decoder) tag(e *entry, metrics []Metric) (attributes int, ok bool) {
	tag := d.uvarint()
	isShown, isOverflow := tag%2 == 1, false
	tag /= 2
	if d.version > 1 {
		isOverflow = tag%2 == 1
		tag /= 2
	}
	if d.err != nil || tag >= uint64(len(metrics)) || isOverflow && !metrics[tag].overflows() {
		d.fail()
		return 0, false
	}
	e.metric = uint32(tag)
	if isShown {
		e.state = shown
	}
	if isOverflow {
		return 0, true
	}
	return len(metrics[tag].Attributes), true
}

// key reads the numbers of a series' attribute values and appends its key to dst, see appendKey.
func (d *decoder) key(dst []byte, metric, attributes int, texts [][]byte) []byte {
	limit := len(dst) + maxKeyBytes
	dst = binary.AppendUvarint(dst, uint64(metric))
	for range attributes {
		n := d.uvarint()
		if n >= uint64(len(texts)) || len(dst) > limit {
			d.fail()
			return dst
		}
		dst = appendText(dst, texts[n])
	}
	return dst
}

func (d *decoder) value(t ValueType) uint64 {
	v, ok := t.unpack(d.uvarint())
	if !ok {
		d.fail()
	}
	return v
}

func setKeys(entries []entry, keys string, ends []int) {
	begin := 0
	for i, end := range ends {
		entries[i].key = keys[begin:end]
		begin = end
	}
}
