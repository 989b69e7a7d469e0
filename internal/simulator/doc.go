// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package simulator is a Cloudflare API of our own: REST and GraphQL on one http.Handler, answered from streams of
// events that are generated from a seed. It is the oracle of the project's tests and the backend of its demo.
//
// Every zone and every Worker script has one stream, and so has each dataset of a scope that is not modelled by hand: all that the
// schema has of such a dataset follows from its events' random numbers and the fields' names, so that a dataset that is added to
// the schema is answered. A stream's minute m is generated from (seed, stream, m) alone, so any
// window can be produced again at any time, in any order, without state. The GraphQL side executes whatever a query
// selects from these events and refuses what Cloudflare would refuse, in Cloudflare's words; [Simulator.Truth] adds up
// the same events by any [Grouping], with code of its own, so that the two can be held against each other.
//
// What goes wrong is said by [Faults], at any time, and repeats with the seed. Neither faults nor late events, sampling or the
// comings and goings of zones change what happened: [Simulator.Truth] stays exact. What a receiver could know of it is another
// matter: [Simulator.RecordReads] keeps what was read and when, and [Simulator.TruthOf] tells what there was to see then.
//
// The package knows nothing of the receiver: it shares with it only the schema. Listening, flags and signals are
// left to cmd/cloudflare-simulator.
package simulator
