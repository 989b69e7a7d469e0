// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/binary"
	"math"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPageRoundTrip(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	metrics := httpMetrics()
	var entries []entry
	add := func(metric int, bits uint64, start int64, s state, values ...string) {
		entries = append(entries, entry{key: string(appendKey(nil, metric, values)), bits: bits, start: start, metric: uint32(metric), state: s})
	}
	add(requests, math.MaxInt64, math.MinInt64, shown)
	add(byCountry, 0, 0, unseen, "")
	add(byCountry, 1, math.MaxInt64, shown, "\xff\x00")
	add(byHost, 128, -1, unseen, long, long)
	add(cpuTime, math.Float64bits(math.MaxFloat64), t0.UnixNano(), shown, "a")
	add(cpuTime, math.Float64bits(math.SmallestNonzeroFloat64), t1.UnixNano(), shown, "b")
	add(cpuTime, math.Float64bits(1), t1.UnixNano(), unseen)
	add(byHost, 3, t2.UnixNano(), shown)

	var enc encoder
	for n := 1; n <= len(entries); n++ {
		record := enc.page(zoneA, 7, metrics, entries[:n])
		got, err := decodePage(record, metrics)
		require.NoError(t, err)
		assert.Equal(t, decodedPage{id: zoneA, number: 7, entries: entries[:n]}, got)
	}
}

func TestHeaderAndIndexRoundTrip(t *testing.T) {
	t.Parallel()
	var enc encoder
	for _, h := range []header{
		{},
		{id: weird, cursor: []byte("cursor"), metrics: httpMetrics(), series: math.MaxUint32, checksums: math.MaxUint64},
	} {
		got, err := decodeHeader(enc.header(h))
		require.NoError(t, err)
		assert.Equal(t, h, got)
	}
	for _, x := range []index{{}, {generation: 3, ids: []ID{weird, zoneA}}} {
		got, err := decodeIndex(enc.index(x))
		require.NoError(t, err)
		assert.Equal(t, x, got)
	}
}

// What a version looks like must not change: there is saved state that looks like it.
func TestFormatVersion2(t *testing.T) {
	t.Parallel()
	var enc encoder
	entries := []entry{
		{key: string(appendKey(nil, byHost, []string{"a", "200"})), bits: 300, start: 0, metric: byHost, state: shown},
		{key: string(appendKey(nil, byHost, []string{"a", "404"})), bits: 1, start: int64(time.Minute), metric: byHost},
		{key: string(appendKey(nil, cpuTime, []string{"w"})), bits: math.Float64bits(0.5), start: int64(time.Minute), metric: cpuTime, state: shown},
		{key: string(appendKey(nil, byHost, nil)), bits: 2, start: int64(time.Minute), metric: byHost, state: shown},
	}
	assert.Equal(t, "LGP\x02\x04http\x06zone-a\x02\x04\x04\x01a\x03200\x03404\x01w\x00\x80\xe0\xba\x84\xbf\x03"+
		"\x09\x00\x01\x00\xac\x02"+"\x08\x00\x02\x02\x01"+"\x0d\x03\x00\xbf\xc0\x03"+"\x0b\x00\x02",
		body(enc.page(zoneA, 2, httpMetrics(), entries)))
	assert.Equal(t, "LGH\x02\x04http\x06zone-a\x02t1\x02\x08requests\x00\x00\x03cpu\x01\x01\x06script\x03\x05",
		body(enc.header(header{id: zoneA, cursor: []byte("t1"), metrics: []Metric{
			{Name: "requests"}, {Name: "cpu", Attributes: []string{"script"}, Type: Double, Limit: 7},
		}, series: 3, checksums: 5})))
	assert.Equal(t, "LGI\x02\x09\x01\x04http\x06zone-a", body(enc.index(index{generation: 9, ids: []ID{zoneA}})))
}

func TestOverflowOfAMetricWithoutAttributesIsMalformed(t *testing.T) {
	t.Parallel()
	var enc encoder
	record := enc.page(zoneA, 0, httpMetrics(), []entry{{key: string(appendKey(nil, byCountry, nil)), metric: byCountry}})
	_, err := decodePage(record, httpMetrics())
	require.NoError(t, err)
	_, err = decodePage(record, []Metric{requests: {Name: "a"}, byCountry: {Name: "b"}})
	require.ErrorIs(t, err, errMalformed)
}

func TestFormatVersion1CanBeRead(t *testing.T) {
	t.Parallel()
	p, err := decodePage(endRecord([]byte("LGP\x01\x04http\x06zone-a\x02\x03\x04\x01a\x03200\x03404\x01w\x00\x80\xe0\xba\x84\xbf\x03"+
		"\x05\x00\x01\x00\xac\x02"+"\x04\x00\x02\x02\x01"+"\x07\x03\x00\xbf\xc0\x03")), httpMetrics())
	require.NoError(t, err)
	assert.Equal(t, decodedPage{id: zoneA, number: 2, entries: []entry{
		{key: string(appendKey(nil, byHost, []string{"a", "200"})), bits: 300, start: 0, metric: byHost, state: shown},
		{key: string(appendKey(nil, byHost, []string{"a", "404"})), bits: 1, start: int64(time.Minute), metric: byHost},
		{key: string(appendKey(nil, cpuTime, []string{"w"})), bits: math.Float64bits(0.5), start: int64(time.Minute), metric: cpuTime, state: shown},
	}}, p)
	h, err := decodeHeader(endRecord([]byte("LGH\x01\x04http\x06zone-a\x02t1\x01\x03cpu\x01\x01\x06script\x03\x05")))
	require.NoError(t, err)
	assert.Equal(t, header{
		id: zoneA, cursor: []byte("t1"), metrics: []Metric{{Name: "cpu", Attributes: []string{"script"}, Type: Double}}, series: 3, checksums: 5,
	}, h)
	x, err := decodeIndex(endRecord([]byte("LGI\x01\x09\x01\x04http\x06zone-a")))
	require.NoError(t, err)
	assert.Equal(t, index{generation: 9, ids: []ID{zoneA}}, x)
}

// body returns a record without its checksum.
func body(record []byte) string {
	return string(record[:len(record)-4])
}

func TestEncodedSizeOfRealisticSeries(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	fill(t, l, 10_000)
	s := l.Stats()
	assert.LessOrEqual(t, s.EncodedBytes/s.Series, 60)
}

// A few bytes must not make the decoder allocate much: counts are believed only as far as there are bytes for them, and
// a text that many series share only up to the length of a key.
func TestDecoderAllocationsAreBounded(t *testing.T) {
	wide := []Metric{{Name: "wide", Attributes: make([]string, 100_000)}}
	b := appendID(beginRecord(nil, pageMagic), zoneA)
	b = append(b, 0, 1, 1)
	b = appendText(b, strings.Repeat("x", 1000))
	b = append(b, 0, 2, 0)
	b = endRecord(append(b, make([]byte, 100_002)...))
	assert.Less(t, allocated(func() {
		_, err := decodePage(b, wide)
		assert.ErrorIs(t, err, errMalformed)
	}), 1<<20)

	for zeros := range 6 {
		huge := func(magic string) []byte {
			b := append(beginRecord(nil, magic), make([]byte, zeros)...)
			return endRecord(binary.AppendUvarint(b, math.MaxUint32))
		}
		assert.Less(t, allocated(func() {
			_, _ = decodePage(huge(pageMagic), wide)
			_, _ = decodeIndex(huge(indexMagic))
			_, _ = decodeHeader(huge(headerMagic))
		}), 1<<16)
	}
}

// allocated returns the bytes that f allocates, if nothing runs beside it.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func FuzzDecodePage(f *testing.F) {
	var enc encoder
	f.Add(body(enc.page(zoneA, 0, httpMetrics(), []entry{
		{key: string(appendKey(nil, byHost, []string{"a", "200"})), bits: 300, metric: byHost, state: shown},
		{key: string(appendKey(nil, cpuTime, []string{"w"})), bits: 1 << 60, start: 9, metric: cpuTime},
		{key: string(appendKey(nil, byHost, nil)), bits: 5, start: 9, metric: byHost},
	})))
	f.Fuzz(func(t *testing.T, in string) {
		_, _ = decodePage([]byte(in), httpMetrics())
		record := endRecord([]byte(in))
		p, err := decodePage(record, httpMetrics())
		if err != nil || len(p.entries) == 0 {
			return
		}
		again, err := decodePage(enc.page(p.id, p.number, httpMetrics(), p.entries), httpMetrics())
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}

func FuzzDecodeHeader(f *testing.F) {
	var enc encoder
	f.Add(body(enc.header(header{id: zoneA, cursor: []byte("c"), metrics: httpMetrics(), series: 9, checksums: 1 << 40})))
	f.Fuzz(func(t *testing.T, in string) {
		_, _ = decodeHeader([]byte(in))
		h, err := decodeHeader(endRecord([]byte(in)))
		if err != nil {
			return
		}
		again, err := decodeHeader(enc.header(h))
		require.NoError(t, err)
		require.Equal(t, h, again)
	})
}

func FuzzDecodeIndex(f *testing.F) {
	var enc encoder
	f.Add(body(enc.index(index{generation: 3, ids: []ID{zoneA, weird}})))
	f.Fuzz(func(t *testing.T, in string) {
		_, _ = decodeIndex([]byte(in))
		x, err := decodeIndex(endRecord([]byte(in)))
		if err != nil {
			return
		}
		again, err := decodeIndex(enc.index(x))
		require.NoError(t, err)
		require.Equal(t, x, again)
	})
}

// FuzzPage encodes what the fuzzer makes up.
func FuzzPage(f *testing.F) {
	f.Add("a.example", "200", int64(7), 0.5, int64(0), int64(time.Minute))
	f.Fuzz(func(t *testing.T, host, status string, i int64, d float64, start, next int64) {
		if i < 0 || !DoubleValue(d).isIncrement(Double) || len(host)+len(status) > maxKeyBytes-10 {
			return
		}
		entries := []entry{
			{key: string(appendKey(nil, byHost, []string{host, status})), bits: uint64(i), start: start, metric: byHost},
			{key: string(appendKey(nil, cpuTime, []string{status})), bits: math.Float64bits(d), start: next, metric: cpuTime, state: shown},
			{key: string(appendKey(nil, byCountry, []string{host})), bits: uint64(i), start: start, metric: byCountry, state: shown},
			{key: string(appendKey(nil, byCountry, nil)), bits: uint64(i), start: next, metric: byCountry},
		}
		var enc encoder
		p, err := decodePage(enc.page(zoneA, 1, httpMetrics(), entries), httpMetrics())
		require.NoError(t, err)
		require.Equal(t, entries, p.entries)
	})
}

func TestValues(t *testing.T) {
	t.Parallel()
	assert.Equal(t, int64(7), IntValue(7).Int())
	assert.InDelta(t, 7, IntValue(7).Double(), 0)
	assert.InDelta(t, 0.5, DoubleValue(0.5).Double(), 0)
	assert.Equal(t, int64(2), DoubleValue(2.9).Int())
	assert.Zero(t, IntValue(0))
}

func TestAppendValuesDoesNotAllocate(t *testing.T) {
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		for i := range 100 {
			tx.Add(zoneA, byHost, []string{strconv.Itoa(i), strings.Repeat("x", 2*i)}, t0, IntValue(1))
		}
	})
	buf := make([]string, 0, 2)
	allocations := testing.AllocsPerRun(10, func() {
		for s := range l.Series(zoneA) {
			buf = s.AppendValues(buf[:0])
		}
	})
	assert.LessOrEqual(t, allocations, 3.0, "for all the series together")
}
