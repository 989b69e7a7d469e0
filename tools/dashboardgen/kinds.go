// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

// perSecond is a third of a row with a rate of requests, one on top of the other.
func perSecond(title, about, expr, legend string) panel {
	return panel{title: title, kind: graph, unit: "reqps", width: 8, stacked: true, about: about, queries: []query{{expr, legend}}}
}

// largest is a third of a row with the ten largest values over the time range.
func largest(title, unit, about, expr, legend string) panel {
	return panel{title: title, kind: bars, unit: unit, width: 8, about: about, queries: []query{{"topk(10, " + expr + ")", legend}}}
}

// seconds is a graph of durations.
func seconds(title string, width int, about string, queries ...query) panel {
	return panel{title: title, kind: graph, unit: "s", width: width, min: new(float64), about: about, queries: queries}
}
