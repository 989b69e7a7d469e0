// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go run . -out ../../docs/configuration.md

// Command reference writes docs/configuration.md: every key of both receivers with its type and default, read from the
// configuration that each factory makes, and its meaning, read from the comments of the fields. It leaves to docs/limits.md
// what datasets there are, and to the Collector what its other components take.
package main

import (
	"bytes"
	"flag"
	"log"
	"os"
	"path/filepath"

	"go.opentelemetry.io/collector/receiver"

	cloudflaremetrics "github.com/otelcol-cloudflare/cloudflaremetricsreceiver"
	workersmetrics "github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver"
)

// module is whose structs are described in one table; those of others get a table of their own.
const module = "github.com/otelcol-cloudflare/cloudflaremetricsreceiver"

func main() {
	log.SetFlags(0)
	out := flag.String("out", "docs/configuration.md", "file to write; ../config below its directory has the configurations")
	flag.Parse()
	text, err := page(filepath.Join(filepath.Dir(*out), "..", "config"))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*out, text, 0o600); err != nil {
		log.Fatal(err)
	}
}

// page is the whole document; configurations is the directory of the shipped configurations.
func page(configurations string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(introduction)
	comments, err := newComments()
	if err != nil {
		return nil, err
	}
	for _, factory := range []receiver.Factory{cloudflaremetrics.NewFactory(), workersmetrics.NewFactory()} {
		w := walker{comments: comments, meanings: meanings(factory.Type())}
		if err := w.component(factory.CreateDefaultConfig()); err != nil {
			return nil, err
		}
		writeReceiver(&b, factory.Type().String(), w.tables)
	}
	variables, err := environment(configurations)
	if err != nil {
		return nil, err
	}
	writeEnvironment(&b, variables)
	return b.Bytes(), nil
}
