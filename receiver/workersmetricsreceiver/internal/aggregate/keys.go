// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// Idempotency keys are kept by the time they came, a partition of the ledger for each eighth of the time that they are
// kept. A key is a series of it, and its value stands for the request.
const (
	keyFamily  = "key"
	keyPeriods = 8
)

func keyMetrics() []ledger.Metric {
	return []ledger.Metric{{Name: "key", Attributes: []string{"key"}, Type: ledger.Bits}}
}

// Key is an idempotency key: what is done with it is done once.
type Key struct {
	id      string
	request uint64
}

// NewKey returns the key that a principal gives a request. Keys of different principals are different.
func NewKey(principal, key string, request ...[]byte) *Key {
	h := sha256.New()
	for _, part := range request {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		_, _ = h.Write(part)
	}
	id := append(binary.AppendUvarint(nil, uint64(len(principal))), principal...)
	return &Key{id: digest(append(id, key...)), request: binary.LittleEndian.Uint64(h.Sum(nil))}
}

// keys counts what is kept.
type keys struct {
	count   int
	periods map[int64]int // keys by the begin of the period, Unix time in nanoseconds
}

func (k *keys) load(l *ledger.Ledger, id ledger.ID) {
	period, err := strconv.ParseInt(id.Scope, 10, 64)
	if err != nil {
		return
	}
	for range l.Held(id) {
		k.add(period)
	}
}

func (k *keys) add(period int64) {
	if k.periods == nil {
		k.periods = map[int64]int{}
	}
	k.periods[period]++
	k.count++
}

func periodID(period int64) ledger.ID {
	return ledger.ID{Family: keyFamily, Scope: strconv.FormatInt(period, 10)}
}

// Once does what has not been done with the key. It reports whether it was done before; then nothing happens. Without a
// key it is always done. What fails is not remembered.
func (s *Store) Once(key *Key, do func() error) (replayed bool, err error) {
	if key == nil {
		return false, do()
	}
	if request, ok := s.lookUp(key); ok {
		if request != key.request {
			return false, refuse(KeyReused, "the idempotency key was used for another request; use a new one for each")
		}
		return true, nil
	}
	now := s.now()
	if s.keys.count >= s.settings.KeyLimit {
		s.expireKeys(now)
	}
	if s.keys.count >= s.settings.KeyLimit {
		return false, refuse(Busy, "%d idempotency keys are remembered, which is the limit", s.keys.count)
	}
	if err := do(); err != nil {
		return false, err
	}
	length := max(int64(s.settings.KeyTTL/keyPeriods), 1)
	period := now.UnixNano() / length * length
	tx := s.begin()
	if s.keys.periods[period] == 0 {
		tx.Define(periodID(period), now, keyMetrics())
	}
	tx.Set(periodID(period), 0, []string{key.id}, now, key.request)
	s.keys.add(period)
	return false, nil
}

func (s *Store) lookUp(key *Key) (request uint64, ok bool) {
	for period := range s.keys.periods {
		if v, ok := s.ledger.Get(periodID(period), 0, []string{key.id}); ok {
			return v.Bits(), true
		}
	}
	return 0, false
}

// expireKeys forgets the keys that have been kept long enough.
func (s *Store) expireKeys(now time.Time) {
	length := int64(s.settings.KeyTTL / keyPeriods)
	for _, period := range slices.Collect(maps.Keys(s.keys.periods)) {
		if period+length+int64(s.settings.KeyTTL) < now.UnixNano() {
			s.begin().Delete(periodID(period))
			s.keys.count -= s.keys.periods[period]
			delete(s.keys.periods, period)
		}
	}
}
