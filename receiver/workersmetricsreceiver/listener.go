// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
)

// keepOpen is how long a listener waits for the receiver that follows the one that shut down. In between exporters may try
// to send what they still have.
const keepOpen = time.Minute

// kept are the listeners of receivers that have shut down. A reload makes all components anew, factories included, so only
// the process can hand a listener on.
//
//nolint:gochecknoglobals // see above
var kept = keptListeners{waiting: map[string]*waitingListener{}}

// keptListeners hands listeners on, so that a reload refuses nobody: who connects in between waits in the kernel's queue.
type keptListeners struct {
	mu      sync.Mutex
	waiting map[string]*waitingListener // by address
}

type waitingListener struct {
	stoppableListener
	expiry *time.Timer
}

// stoppableListener is a listener of TCP or of Unix sockets.
type stoppableListener interface {
	net.Listener
	SetDeadline(at time.Time) error
}

// sharedListener is a listener that stays open when it is closed.
type sharedListener struct {
	stoppableListener
	address  string
	accepted atomic.Int64
	paused   atomic.Bool
	closed   chan struct{}
	close    func()
}

// listen returns a listener for the address of a server, and that by itself without TLS.
func listen(ctx context.Context, config *confighttp.ServerConfig) (net.Listener, *sharedListener, error) {
	shared, err := kept.listen(ctx, &config.NetAddr)
	if err != nil {
		return nil, nil, err
	}
	if !config.TLS.HasValue() {
		return shared, shared, nil
	}
	// As in confighttp.ServerConfig.ToListener, which makes a listener of its own.
	tlsConfig, err := config.TLS.Get().LoadTLSConfig(ctx)
	if err != nil {
		shared.keep()
		return nil, nil, err
	}
	tlsConfig.NextProtos = []string{"h2", "http/1.1"}
	return tls.NewListener(shared, tlsConfig), shared, nil
}

func (k *keptListeners) listen(ctx context.Context, config *confignet.AddrConfig) (*sharedListener, error) {
	shared := &sharedListener{address: string(config.Transport) + " " + config.Endpoint, closed: make(chan struct{})}
	shared.close = sync.OnceFunc(func() { close(shared.closed) })
	if shared.stoppableListener = k.take(shared.address); shared.stoppableListener != nil {
		return shared, shared.SetDeadline(time.Time{})
	}
	l, err := config.Listen(ctx)
	if err != nil {
		return nil, err
	}
	var ok bool
	if shared.stoppableListener, ok = l.(stoppableListener); !ok {
		return nil, errors.Join(fmt.Errorf("transport %s is not one that takes HTTP", config.Transport), l.Close())
	}
	return shared, nil
}

func (k *keptListeners) take(address string) stoppableListener {
	k.mu.Lock()
	defer k.mu.Unlock()
	l := k.waiting[address]
	if l == nil {
		return nil
	}
	delete(k.waiting, address)
	l.expiry.Stop()
	return l.stoppableListener
}

// expire closes a listener that nobody has taken.
func (k *keptListeners) expire(address string, l *waitingListener) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.waiting[address] == l {
		delete(k.waiting, address)
		_ = l.Close()
	}
}

// Accept returns an error once the listener is closed.
func (l *sharedListener) Accept() (net.Conn, error) {
	conn, err := l.stoppableListener.Accept()
	switch {
	case err == nil:
		l.accepted.Add(1)
	case l.paused.Load():
		<-l.closed
		return nil, net.ErrClosed
	}
	return conn, err
}

// pause lets nobody in any more, while Accept waits.
func (l *sharedListener) pause() {
	l.paused.Store(true)
	_ = l.SetDeadline(time.Unix(1, 0)) // of a listener that is open
}

// Close has Accept return.
func (l *sharedListener) Close() error {
	l.pause()
	l.close()
	return nil
}

// keep leaves a closed listener to a receiver that follows, and closes it for good if none does.
func (l *sharedListener) keep() {
	if strings.HasSuffix(l.address, ":0") { // any port will do
		_ = l.stoppableListener.Close()
		return
	}
	kept.mu.Lock()
	defer kept.mu.Unlock()
	waiting := &waitingListener{stoppableListener: l.stoppableListener}
	waiting.expiry = time.AfterFunc(keepOpen, func() { kept.expire(l.address, waiting) })
	kept.waiting[l.address] = waiting
}
