// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/scraper/scrapererror"
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// health says what is wrong: in the log once per change, in the component's status, and in each scrape's error.
type health struct {
	logger *zap.Logger
	host   component.Host

	now, before map[string]*problem
	answered    bool // something has been in this tick
	reported    bool // the status has been reported at least once
}

// problem is everything that failed in one tick in the same way.
type problem struct {
	class cloudflare.Class
	first error
	count int
}

func newHealth(logger *zap.Logger) *health {
	return &health{logger: logger, now: map[string]*problem{}, before: map[string]*problem{}}
}

// failed notes an error, which may be several joined ones, and returns the classes of those that are faults. An
// interruption by shutdown or by our own budget is none: what was not asked is asked in a later tick.
func (h *health) failed(doing string, err error) (classes []cloudflare.Class) {
	for _, e := range flatten(err) {
		if class, fault := h.failedOne(doing, e); fault {
			classes = append(classes, class)
		}
	}
	return classes
}

func (h *health) failedOne(doing string, err error) (class cloudflare.Class, fault bool) {
	class = classOf(err)
	if class == cloudflare.ClassCanceled || class == cloudflare.ClassDeferred || errors.Is(err, context.Canceled) {
		return class, false
	}
	// One cause often meets many requests, so a class is one problem whatever was being done.
	key := cmp.Or(string(class), doing)
	if h.now[key] == nil {
		h.now[key] = &problem{class: class, first: fmt.Errorf("%s: %w", doing, err)}
	}
	h.now[key].count++
	return class, true
}

// flatten takes joined errors apart; there are none in nil.
func flatten(err error) []error {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	var list []error
	for _, e := range joined.Unwrap() {
		list = append(list, flatten(e)...)
	}
	return list
}

// classOf is the class of an error of the API, "" for any other.
func classOf(err error) cloudflare.Class {
	if typed, ok := errors.AsType[*cloudflare.Error](err); ok {
		return typed.Class
	}
	return ""
}

// well says that nothing has failed in this tick so far.
func (h *health) well() bool { return len(h.now) == 0 }

// carryOver keeps the last tick's problems in one that got no answer at all, for example because the budget had been used
// up by failures: nothing says that they are over.
func (h *health) carryOver() {
	if !h.answered && h.well() {
		for key, p := range h.before {
			again := *p
			h.now[key] = &again
		}
	}
	h.answered = false
}

// settle ends a tick: it logs what is new and what is over, reports the status if it changed, and returns a short
// partial error while something is wrong, nil otherwise.
func (h *health) settle() error {
	for key, p := range h.now {
		switch {
		case h.before[key] != nil:
		case p.class == "":
			h.logger.Warn("something is wrong, although Cloudflare's API answers; the next scrape tries again", zap.Error(p.first))
		default:
			h.logger.Warn("Cloudflare's API did not answer all that was asked; what is missing will be asked for again",
				zap.Error(p.first), zap.Int("failures", p.count), zap.String("class", string(p.class)),
				zap.String("remedy", cloudflare.Remedy(p.class)))
		}
	}
	for key, p := range h.before {
		if h.now[key] == nil {
			h.logger.Info("a problem is over", zap.String("problem", key), zap.NamedError("was", p.first))
		}
	}
	err := h.summary()
	h.reportStatus(err)
	h.before, h.now = h.now, map[string]*problem{}
	return err
}

func (h *health) summary() error {
	if h.well() {
		return nil
	}
	failures := 0
	for _, p := range h.now {
		failures += p.count
	}
	first := h.now[slices.Min(slices.Collect(maps.Keys(h.now)))]
	return scrapererror.NewPartialScrapeError(fmt.Errorf("something failed (%d times in this scrape): %w", failures, first.first), failures)
}

// reportStatus never reports a permanent error: the Collector would not let the component recover from it, although a
// token may be renewed at any time.
func (h *health) reportStatus(err error) {
	if h.host == nil || (h.reported && h.well() == (len(h.before) == 0)) {
		return
	}
	h.reported = true
	event := componentstatus.NewEvent(componentstatus.StatusOK)
	if err != nil {
		event = componentstatus.NewRecoverableErrorEvent(err)
	}
	componentstatus.ReportStatus(h.host, event)
}
