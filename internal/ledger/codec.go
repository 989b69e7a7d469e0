// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Each saved value is a record: three bytes that say what it is, one byte for the version of its format, the body, and a
// CRC-32C (Castagnoli) of all that, four bytes, little endian. In bodies numbers are varints and texts have their length
// before them.
//
// Only the current version is written. All former ones can be read, also mixed: what did not change since an upgrade stays
// as it was saved. Version 1 had no overflow series, see [encoder.page].
const (
	indexMagic  = "LGI"
	headerMagic = "LGH"
	pageMagic   = "LGP"

	formatVersion = 2

	envelopeBytes = len(pageMagic) + 1 + crc32.Size
)

func checksum(b []byte) uint32 {
	return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
}

// storedChecksum returns the checksum that a record ends with.
func storedChecksum(record []byte) uint32 {
	return binary.LittleEndian.Uint32(record[len(record)-crc32.Size:])
}

func beginRecord(dst []byte, magic string) []byte {
	return append(append(dst, magic...), formatVersion)
}

func endRecord(dst []byte) []byte {
	return binary.LittleEndian.AppendUint32(dst, checksum(dst))
}

// openRecord returns a decoder for the body of a record.
func openRecord(record []byte, magic string) (*decoder, error) {
	switch {
	case len(record) == 0:
		return nil, errors.New("it is missing")
	case len(record) < envelopeBytes || string(record[:len(magic)]) != magic:
		return nil, errors.New("it is something else")
	case storedChecksum(record) != checksum(record[:len(record)-crc32.Size]):
		return nil, errors.New("its checksum does not match")
	case record[len(magic)] < 1 || record[len(magic)] > formatVersion:
		return nil, fmt.Errorf("its format version %d is not known", record[len(magic)])
	}
	return &decoder{version: record[len(magic)], rest: record[len(magic)+1 : len(record)-crc32.Size]}, nil
}

func appendText[T string | []byte](dst []byte, text T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

func appendID(dst []byte, id ID) []byte {
	return appendText(appendText(dst, id.Family), id.Scope)
}

var errMalformed = errors.New("it is malformed")

// decoder reads a body. After its first error it yields zeros.
type decoder struct {
	version byte
	rest    []byte
	err     error
}

func (d *decoder) fail() {
	d.rest = nil
	d.err = errMalformed
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// number reads an unsigned number up to limit.
func (d *decoder) number(limit int) int {
	v := d.uvarint()
	if v > uint64(limit) {
		d.fail()
		return 0
	}
	return int(v)
}

// count reads the number of elements that follow, each of which takes at least one byte.
func (d *decoder) count() int {
	v := d.uvarint()
	if v > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(v)
}

// text returns the next text, which shares memory with the record.
func (d *decoder) text() []byte {
	n := d.count()
	text := d.rest[:n]
	d.rest = d.rest[n:]
	return text
}

func (d *decoder) id() ID {
	return ID{Family: string(d.text()), Scope: string(d.text())}
}

// end returns the first error; what is left over is one.
func (d *decoder) end() error {
	if d.err == nil && len(d.rest) > 0 {
		d.fail()
	}
	return d.err
}
