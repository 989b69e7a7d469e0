// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"container/list"
	"iter"
	"math"
	"sort"
	"sync"
)

// How many events streams keep: about 100 MB of HTTP requests, and half of that of those that a security rule matched, which
// are one in twenty and so reach back much further.
const (
	cachedEvents  = 1 << 18
	cachedMatches = 1 << 17
)

// stream gives the events of its owners (zones, Worker scripts, datasets of a scope), from a generator that it asks minute by minute.
type stream[E timed] struct {
	begin, end int64
	generate   func(owner string, minuteIndex int64) []E
	cache      *minuteCache[E]
}

// timed is an event.
type timed interface {
	httpRequest | invocation | syntheticEvent
	// stamp tells when the event happened, and the random number that decides when it shows and in which samples it is.
	stamp() (at int64, salt uint64)
}

func (r httpRequest) stamp() (at int64, salt uint64) { return r.at, r.salt }
func (i invocation) stamp() (at int64, salt uint64)  { return i.at, i.salt }

func (e syntheticEvent) stamp() (at int64, salt uint64) { return e.at, e.salt }

func newStream[E timed](config Config, capacity int, generate func(string, int64) []E) *stream[E] {
	end := int64(math.MaxInt64)
	if !config.End.IsZero() {
		end = config.End.UnixMicro()
	}
	return &stream[E]{
		begin: config.Begin.UnixMicro(), end: end,
		generate: generate, cache: newMinuteCache[E](capacity),
	}
}

// matchedRequests are the requests that a security rule matched.
func matchedRequests(config Config, requests *stream[httpRequest]) *stream[httpRequest] {
	return newStream(config, cachedMatches, func(owner string, minuteIndex int64) []httpRequest {
		var matched []httpRequest
		for _, r := range requests.minute(owner, minuteIndex) {
			if r.firewallAction != "" {
				matched = append(matched, r)
			}
		}
		return matched
	})
}

// between gives an owner's events in [from, to), in order. They are shared: nobody may change them.
func (s *stream[E]) between(owner string, from, to int64) iter.Seq[*E] {
	from, to = max(from, s.begin), min(to, s.end)
	return func(yield func(*E) bool) {
		for m := floorDiv(from, minute); m*minute < to && from < to; m++ {
			events := within(s.minute(owner, m), from, to)
			for i := range events {
				if !yield(&events[i]) {
					return
				}
			}
		}
	}
}

// within cuts events, which are in order, to [from, to).
func within[E timed](events []E, from, to int64) []E {
	index := func(instant int64) int {
		return sort.Search(len(events), func(i int) bool {
			at, _ := events[i].stamp()
			return at >= instant
		})
	}
	return events[index(from):index(to)]
}

func (s *stream[E]) minute(owner string, m int64) []E {
	key := minuteKey{owner, m}
	if events, ok := s.cache.get(key); ok {
		return events
	}
	events := s.generate(owner, m)
	s.cache.put(key, events)
	return events
}

func floorDiv(a, b int64) int64 {
	if q := a / b; a%b < 0 {
		return q - 1
	} else {
		return q
	}
}

// minuteCache keeps the minutes used last, as many as hold a number of events.
type minuteCache[E any] struct {
	mu       sync.Mutex
	capacity int
	held     int
	order    *list.List // of *cachedMinute[E], the one used last in front
	minutes  map[minuteKey]*list.Element
}

type minuteKey struct {
	owner string
	index int64
}

type cachedMinute[E any] struct {
	key    minuteKey
	events []E
}

// weight lets empty minutes count too.
func (m cachedMinute[E]) weight() int { return len(m.events) + 1 }

func newMinuteCache[E any](capacity int) *minuteCache[E] {
	return &minuteCache[E]{capacity: capacity, order: list.New(), minutes: map[minuteKey]*list.Element{}}
}

func (c *minuteCache[E]) get(key minuteKey) ([]E, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.minutes[key]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(element)
	return element.Value.(cachedMinute[E]).events, true //nolint:errcheck // nothing else is put in
}

func (c *minuteCache[E]) put(key minuteKey, events []E) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.minutes[key]; ok {
		return
	}
	m := cachedMinute[E]{key, events}
	c.minutes[key] = c.order.PushFront(m)
	c.held += m.weight()
	for c.held > c.capacity && c.order.Len() > 1 {
		oldest := c.order.Remove(c.order.Back()).(cachedMinute[E]) //nolint:errcheck // nothing else is put in
		delete(c.minutes, oldest.key)
		c.held -= oldest.weight()
	}
}
