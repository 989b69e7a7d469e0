// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// fault is what happens to a request on its way.
type fault int

const (
	none       fault = iota
	refused          // 503, and the receiver never gets it
	lost             // the connection breaks, and the receiver never gets it
	unanswered       // the receiver does it, and the connection breaks
	doubled          // the receiver gets it twice at once
	faults           // how many there are
)

// intake stands between clients and a collector. It writes down what is pushed by OTLP, and disturbs requests that
// have an idempotency key, whose clients try again.
type intake struct {
	*httptest.Server
	t      *testing.T
	target string
	client http.Client
	faulty bool

	mu       sync.Mutex
	pushed   truth
	pushes   int
	attempts map[string]int  // by key
	answered map[string]bool // keys whose clients were told that they are counted
}

func newIntake(t *testing.T, target string) *intake {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	i := &intake{
		t: t, target: target, client: http.Client{Timeout: patience, Transport: transport},
		pushed: truth{}, attempts: map[string]int{}, answered: map[string]bool{},
	}
	i.Server = httptest.NewServer(i)
	t.Cleanup(func() {
		i.Close()
		transport.CloseIdleConnections()
	})
	return i
}

func (i *intake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		i.record(body)
	}
	fault := i.choose(key)
	switch fault {
	case refused:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	case lost:
		panic(http.ErrAbortHandler)
	case doubled:
		second := make(chan struct{})
		defer func() { <-second }()
		go func() {
			defer close(second)
			_, _, _ = i.forward(r, body) // nobody hears the answer
		}()
	}
	i.answer(w, r, body, fault == unanswered)
}

// answer has the collector do it, and says what it says unless that gets lost.
func (i *intake) answer(w http.ResponseWriter, r *http.Request, body []byte, lost bool) {
	status, text, err := i.forward(r, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if lost {
		panic(http.ErrAbortHandler)
	}
	if key := r.Header.Get("Idempotency-Key"); key == "" {
		assert.Equal(i.t, http.StatusOK, status, "%s", text)
	} else if status/100 == 2 {
		i.mu.Lock()
		i.answered[key] = true
		i.mu.Unlock()
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may have gone
}

// record writes a push down.
func (i *intake) record(body []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.pushes++
	assert.NoError(i.t, i.pushed.addOTLP(body))
}

// choose has four of five keys meet a fault at first, and most of them one more when they come again.
func (i *intake) choose(key string) fault {
	if key == "" || !i.faulty {
		return none
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	attempt := i.attempts[key]
	i.attempts[key]++
	turn := fault(len(i.attempts))
	switch attempt {
	case 0:
		return turn % faults
	case 1:
		return (turn / 2) % faults
	}
	return none
}

// forward passes a request on to the collector.
func (i *intake) forward(r *http.Request, body []byte) (status int, text []byte, err error) {
	request, err := http.NewRequest(r.Method, i.target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header = r.Header.Clone()
	response, err := i.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	text, err = io.ReadAll(response.Body)
	return response.StatusCode, text, errors.Join(err, response.Body.Close())
}

// disturbed is how many keys there were, and how many requests they took.
func (i *intake) disturbed() (keys, requests int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, n := range i.attempts {
		requests += n
	}
	return len(i.attempts), requests
}

// recorded is what was pushed by OTLP, and with how many requests.
func (i *intake) recorded() (truth, int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := truth{}
	all.merge(i.pushed)
	return all, i.pushes
}
