// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"encoding/binary"
	"math"
)

// index lists the partitions.
type index struct {
	generation uint64 // counts the writes, so that of two copies the later can be told
	ids        []ID
}

func (enc *encoder) index(x index) []byte {
	b := beginRecord(enc.scratch[:0], indexMagic)
	b = binary.AppendUvarint(b, x.generation)
	b = binary.AppendUvarint(b, uint64(len(x.ids)))
	for _, id := range x.ids {
		b = appendID(b, id)
	}
	return enc.done(b)
}

func decodeIndex(record []byte) (index, error) {
	d, err := openRecord(record, indexMagic)
	if err != nil {
		return index{}, err
	}
	x := index{generation: d.uvarint()}
	for range d.count() {
		x.ids = append(x.ids, d.id())
		if d.err != nil {
			break
		}
	}
	return x, d.end()
}

// header is what a partition has besides its series.
type header struct {
	id        ID
	cursor    []byte
	metrics   []Metric
	series    int
	checksums uint64 // sum of the pages' checksums: a page of another moment does not go with this header
}

func (enc *encoder) header(h header) []byte {
	b := beginRecord(enc.scratch[:0], headerMagic)
	b = appendID(b, h.id)
	b = appendText(b, h.cursor)
	b = binary.AppendUvarint(b, uint64(len(h.metrics)))
	for _, m := range h.metrics {
		b = appendText(b, m.Name)
		b = append(b, byte(m.Type))
		b = binary.AppendUvarint(b, uint64(len(m.Attributes)))
		for _, attribute := range m.Attributes {
			b = appendText(b, attribute)
		}
	}
	b = binary.AppendUvarint(b, uint64(h.series))
	b = binary.AppendUvarint(b, h.checksums)
	return enc.done(b)
}

func decodeHeader(record []byte) (header, error) {
	d, err := openRecord(record, headerMagic)
	if err != nil {
		return header{}, err
	}
	h := header{id: d.id()}
	if cursor := d.text(); len(cursor) > 0 {
		h.cursor = bytes.Clone(cursor)
	}
	for range d.count() {
		h.metrics = append(h.metrics, d.metric())
		if d.err != nil {
			break
		}
	}
	h.series = d.number(math.MaxUint32)
	h.checksums = d.uvarint()
	return h, d.end()
}

func (d *decoder) metric() Metric {
	m := Metric{Name: string(d.text()), Type: ValueType(d.number(int(Bits)))}
	for range d.count() {
		m.Attributes = append(m.Attributes, string(d.text()))
		if d.err != nil {
			break
		}
	}
	return m
}
