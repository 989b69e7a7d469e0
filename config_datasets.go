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

// validateCatalogued checks the keys that name what the catalogue of datasets has.
func (c *Config) validateCatalogued() error {
	list, err := catalogue()
	if err != nil {
		return err
	}
	return errors.Join(c.validateAttributes(list), c.validateDatasets(list))
}

func (c *Config) validateAttributes(list []*dataset.Dataset) error {
	var errs []error
	if c.RequestSource != sourceEyeball && c.RequestSource != sourceAll {
		errs = append(errs, fmt.Errorf("request_source: %q is neither %s nor %s", c.RequestSource, sourceEyeball, sourceAll))
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

func (c *Config) validateDatasets(list []*dataset.Dataset) error {
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
	return c.setting(func(set DatasetConfig) *time.Duration { return set.Delay }, c.Delay, d.Name, d.Node())
}

// interval is how often a dataset is read at the most.
func (c *Config) interval(d *dataset.Dataset) time.Duration {
	return c.setting(intervalOf, d.Interval, d.Name, d.Node())
}

// listingInterval is how often a list is asked for.
func (c *Config) listingInterval(l *dataset.Listing) time.Duration {
	return c.setting(intervalOf, l.Interval, l.Name)
}

func intervalOf(set DatasetConfig) *time.Duration { return set.Interval }

// setting is what the configuration says for the first of the names that it says something for.
func (c *Config) setting(of func(DatasetConfig) *time.Duration, otherwise time.Duration, names ...string) time.Duration {
	for _, name := range names {
		if d := of(c.Datasets[name]); d != nil {
			return *d
		}
	}
	return otherwise
}
