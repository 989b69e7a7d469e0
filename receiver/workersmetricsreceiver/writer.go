// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
)

const (
	// queueSize is how many requests wait at most; more are told to come again.
	queueSize = 4096
	// maxGroup is how many requests are saved together at most.
	maxGroup = 1024
)

// errOverloaded and errStopped say that a request was not done at all.
var (
	errOverloaded = errors.New("too many requests wait to be saved")
	errStopped    = errors.New("the receiver is shutting down")
)

// notSavedError says that what a request did was undone, since it could not be saved.
type notSavedError struct{ error }

func (e notSavedError) Unwrap() error { return e.error }

// job is something to do with the store.
type job struct {
	do   func(*aggregate.Store) error
	read bool // it changes nothing
	err  error
	done chan struct{}
}

// writer owns the store: one goroutine does all requests one after the other, saves what many of them changed in one
// commit, and only then has them answered. It emits in between, and never waits for the consumer.
type writer struct {
	*workersReceiver
	host  component.Host
	store *aggregate.Store

	queue   chan *job
	group   []*job
	stop    chan struct{}
	stopped chan struct{}

	life     context.Context // of emissions
	cancel   context.CancelFunc
	emitting bool
	emitted  chan emission
	failing  bool // the last commit failed
}

func newWriter(r *workersReceiver, store *aggregate.Store, host component.Host) *writer {
	w := &writer{
		workersReceiver: r, host: host, store: store,
		queue: make(chan *job, queueSize), stop: make(chan struct{}), stopped: make(chan struct{}),
		emitted: make(chan emission, 1),
	}
	w.life, w.cancel = context.WithCancel(context.Background())
	return w
}

func (w *writer) start() {
	ticks, stopTicks := w.clock.ticks, func() {}
	if ticks == nil {
		ticker := time.NewTicker(w.config.CollectionInterval)
		ticks, stopTicks = ticker.C, ticker.Stop
	}
	go func() {
		defer close(w.stopped)
		defer stopTicks()
		w.run(ticks)
	}()
}

// submit has something done and waits until it is; an error means that nothing was changed.
func (w *writer) submit(do func(*aggregate.Store) error, read bool) error {
	j := &job{do: do, read: read, done: make(chan struct{})}
	select {
	case <-w.stopped:
		return errStopped
	case w.queue <- j:
	default:
		return errOverloaded
	}
	select {
	case <-j.done:
		return j.err
	case <-w.stopped:
	}
	select {
	case <-j.done:
		return j.err
	default:
		return errStopped
	}
}

func (w *writer) run(ticks <-chan time.Time) {
	for {
		select {
		case j := <-w.queue:
			w.doGroup(j)
		case <-ticks:
			w.tick()
		case e := <-w.emitted:
			w.settle(e)
		case <-w.stop:
			w.finish()
			return
		}
	}
}

// doGroup does a job and those that wait behind it.
func (w *writer) doGroup(first *job) {
	w.group = append(w.group[:0], first)
	for more := true; more && len(w.group) < maxGroup; {
		select {
		case j := <-w.queue:
			w.group = append(w.group, j)
		default:
			more = false
		}
	}
	w.change()
	for _, j := range w.group {
		if j.read {
			j.err = j.do(w.store)
		}
		close(j.done)
	}
	clear(w.group)
}

// change does what changes the store. If that cannot be saved, none of it was done.
func (w *writer) change() {
	changed := false
	for _, j := range w.group {
		if !j.read {
			j.err = j.do(w.store)
			changed = changed || j.err == nil
		}
	}
	if !changed || w.storage.deferred != nil {
		return
	}
	if err := w.commit(); err != nil {
		for _, j := range w.group {
			if !j.read && j.err == nil {
				j.err = notSavedError{err}
			}
		}
	}
}

// commit saves all changes, and tells when that begins or ceases to fail.
func (w *writer) commit() error {
	begun := time.Now()
	err := w.store.Commit(context.Background())
	w.telemetry.committed(time.Since(begun))
	if failing := err != nil; failing != w.failing {
		w.failing = failing
		if failing {
			w.settings.Logger.Error("What was pushed cannot be saved and is refused", zap.Error(err))
			componentstatus.ReportStatus(w.host, componentstatus.NewRecoverableErrorEvent(err))
		} else {
			w.settings.Logger.Info("What is pushed can be saved again")
			componentstatus.ReportStatus(w.host, componentstatus.NewEvent(componentstatus.StatusOK))
		}
	}
	return err
}

// shutdown has what was asked done, emits and saves. It waits for the consumer until the context ends.
func (w *writer) shutdown(ctx context.Context) error {
	close(w.stop)
	defer context.AfterFunc(ctx, w.cancel)()
	defer w.cancel()
	<-w.stopped
	if w.failing {
		return errors.New("the last changes could not be saved")
	}
	return nil
}
