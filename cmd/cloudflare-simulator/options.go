// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// options are the command's flags.
type options struct {
	listen          string
	seed            uint64
	accounts        int
	zones           int
	plans           string
	eventsPerMinute int
	begin, end      string
	clockStart      string
	clockSpeed      float64
	token           string
	nodeBound       int
	granted         string
	labelSets       int
	faults          string
}

func parseOptions(args []string, usage io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("cloudflare-simulator", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8787", "address to listen on")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of all events")
	flags.IntVar(&o.accounts, "accounts", 1, "number of accounts")
	flags.IntVar(&o.zones, "zones", 3, "number of zones per account")
	flags.StringVar(&o.plans, "plans", "enterprise,pro,free", "plans of the zones, in turn: free, pro, business, enterprise")
	flags.IntVar(&o.eventsPerMinute, "events-per-minute", 60, "average number of HTTP requests per zone and minute")
	flags.StringVar(&o.begin, "begin", "-1h", "first event: RFC 3339, or a duration relative to the clock's start")
	flags.StringVar(&o.end, "end", "", "end of events, likewise; never if empty")
	flags.StringVar(&o.clockStart, "clock-start", "", "where the API's clock starts, RFC 3339; now if empty")
	flags.Float64Var(&o.clockSpeed, "clock-speed", 1, "how many times as fast as time the API's clock runs")
	flags.StringVar(&o.token, "token", "", "API token to accept; any if empty")
	flags.IntVar(&o.nodeBound, "node-bound", 0, "zones × nodes that one GraphQL document may ask for; 0 is no bound")
	flags.StringVar(&o.granted, "grant", "", "datasets of zones that may be read at account scope too, such as firewallEventsAdaptiveGroups")
	flags.IntVar(&o.labelSets, "label-sets", 0, "label sets per minute of the first zone's firewall events, besides its usual ones")
	flags.StringVar(&o.faults, "faults", "", "`file` with the faults to start with, JSON as PUT /faults takes it")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.accounts < 1 || o.zones < 0 {
		return o, fmt.Errorf("--accounts must be positive and --zones not negative: %d, %d", o.accounts, o.zones)
	}
	if o.clockSpeed <= 0 {
		return o, fmt.Errorf("--clock-speed must be positive: %g", o.clockSpeed)
	}
	return o, nil
}

// config makes the simulator's configuration of the flags; now is the real time.
func (o options) config(now func() time.Time) (simulator.Config, error) {
	started := now()
	start, err := relativeTime("--clock-start", o.clockStart, started)
	if err != nil {
		return simulator.Config{}, err
	}
	if start.IsZero() {
		start = started
	}
	begin, err := relativeTime("--begin", o.begin, start)
	if err != nil {
		return simulator.Config{}, err
	}
	end, err := relativeTime("--end", o.end, start)
	if err != nil {
		return simulator.Config{}, err
	}
	var plans []simulator.Plan
	for plan := range strings.SplitSeq(o.plans, ",") {
		plans = append(plans, simulator.Plan(strings.TrimSpace(plan)))
	}
	layout := simulator.DefaultLayout(o.accounts, o.zones, plans...)
	if o.granted != "" {
		for i := range layout {
			layout[i].Granted = strings.Split(o.granted, ",")
		}
	}
	if o.zones > 0 {
		layout[0].Zones[0].LabelSetsPerMinute = o.labelSets
	}
	return simulator.Config{
		Seed:            o.seed,
		Accounts:        layout,
		Begin:           begin,
		End:             end,
		Clock:           fastClock(now, started, start, o.clockSpeed),
		EventsPerMinute: o.eventsPerMinute,
		Token:           o.token,
		Limits:          simulator.Limits{ScopeNodes: o.nodeBound},
	}, nil
}

// startFaults reads the faults to start with.
func (o options) startFaults() (simulator.Faults, error) {
	if o.faults == "" {
		return simulator.Faults{}, nil
	}
	file, err := os.Open(o.faults)
	if err != nil {
		return simulator.Faults{}, fmt.Errorf("--faults: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	faults, err := simulator.ParseFaults(file)
	if err != nil {
		return simulator.Faults{}, fmt.Errorf("--faults %s: %w", o.faults, err)
	}
	return faults, nil
}

// relativeTime reads RFC 3339 or a duration after start; nothing is the zero time.
func relativeTime(flagName, text string, start time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return start.Add(d), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %q is neither RFC 3339 nor a duration such as -1h", flagName, text)
	}
	return t, nil
}

// fastClock shows start when now shows started, and goes on speed times as fast.
func fastClock(now func() time.Time, started, start time.Time, speed float64) func() time.Time {
	return func() time.Time {
		return start.Add(time.Duration(float64(now().Sub(started)) * speed))
	}
}
