// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
)

func (c *Config) validateAttributes() error {
	var errs []error
	if c.RequestSource != sourceEyeball && c.RequestSource != sourceAll {
		errs = append(errs, fmt.Errorf("request_source: %q is neither %s nor %s", c.RequestSource, sourceEyeball, sourceAll))
	}
	list, err := catalogue()
	if err != nil {
		return err
	}
	known := droppableAttributes(list)
	for _, name := range c.DropAttributes {
		switch droppable, ok := known[name]; {
		case !ok:
			errs = append(errs, fmt.Errorf("drop_attributes: no metric that is read from GraphQL has the attribute %q; there are %s",
				name, strings.Join(slices.Sorted(maps.Keys(known)), ", ")))
		case !droppable:
			errs = append(errs, fmt.Errorf("drop_attributes: values that differ in %s only cannot be merged; disable the metric instead", name))
		}
	}
	return errors.Join(errs...)
}

// droppableAttributes tells of each attribute whether series can do without it.
func droppableAttributes(list []*dataset.Dataset) map[string]bool {
	droppable := map[string]bool{}
	for _, d := range list {
		for _, m := range d.Metrics {
			for _, a := range m.Attributes {
				droppable[a.Name] = droppable[a.Name] || a.Field != ""
				if a.NamedBy != "" {
					droppable[a.NamedBy] = true
				}
			}
		}
	}
	return droppable
}

func (c *Config) validateDatasets() error {
	list, err := catalogue()
	if err != nil {
		return err
	}
	var known []string
	granularity := map[string]time.Duration{}
	for _, d := range list {
		for _, name := range []string{d.Node(), d.Name} {
			if granularity[name] = max(granularity[name], d.Granularity); !slices.Contains(known, name) {
				known = append(known, name)
			}
		}
	}
	listings := map[string]bool{}
	for _, l := range dataset.Listings() {
		listings[l.Name] = true
		known = append(known, l.Name)
		granularity[l.Name] = time.Second
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Datasets)) {
		if !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("datasets::%s: no such dataset; there are %s", name, strings.Join(known, ", ")))
			continue
		}
		if listings[name] && c.Datasets[name].Delay != nil {
			errs = append(errs, fmt.Errorf("datasets::%s::delay: is for GraphQL datasets; a list shows what is there now", name))
		}
		errs = append(errs, c.Datasets[name].validate(name, granularity[name], c.MaxBackfill))
	}
	return errors.Join(errs...)
}

func (d DatasetConfig) validate(name string, granularity, maxBackfill time.Duration) error {
	var errs []error
	if d.Delay != nil && (*d.Delay < 0 || *d.Delay >= maxBackfill) {
		errs = append(errs, fmt.Errorf("datasets::%s::delay: must not be negative and shorter than max_backfill (%v)", name, maxBackfill))
	}
	switch i := d.Interval; {
	case i == nil:
	case *i < 0 || *i >= maxBackfill:
		errs = append(errs, fmt.Errorf("datasets::%s::interval: must not be negative and shorter than max_backfill (%v)", name, maxBackfill))
	case *i%granularity != 0:
		errs = append(errs, fmt.Errorf("datasets::%s::interval: must be a multiple of %v, the dataset's granularity", name, granularity))
	}
	return errors.Join(errs...)
}

// delay is how long a dataset gets to settle.
func (c *Config) delay(d *dataset.Dataset) time.Duration {
	for _, name := range []string{d.Name, d.Node()} {
		if delay := c.Datasets[name].Delay; delay != nil {
			return *delay
		}
	}
	return c.Delay
}

// interval is how often a dataset is read at the most.
func (c *Config) interval(d *dataset.Dataset) time.Duration {
	for _, name := range []string{d.Name, d.Node()} {
		if interval := c.Datasets[name].Interval; interval != nil {
			return *interval
		}
	}
	return d.Interval
}

// listingInterval is how often a list is asked for.
func (c *Config) listingInterval(l *dataset.Listing) time.Duration {
	if interval := c.Datasets[l.Name].Interval; interval != nil {
		return *interval
	}
	return l.Interval
}
