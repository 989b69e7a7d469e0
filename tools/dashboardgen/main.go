// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Command dashboardgen writes the Grafana dashboards in dashboards/ from short definitions, so that all of them have the same
// variables, units, legends and looks. What each panel needs is read from metadata.yaml.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	metadata := flag.String("metadata", "", "the receiver's metadata.yaml")
	out := flag.String("out", "", "directory to write to")
	flag.Parse()
	if err := run(*metadata, *out); err != nil {
		log.Fatalf("dashboardgen: %v", err)
	}
}

func run(metadata, out string) error {
	c, err := readCatalogue(metadata)
	if err != nil {
		return err
	}
	for _, d := range all() {
		var buf bytes.Buffer
		encoder := json.NewEncoder(&buf)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(d.render(c)); err != nil {
			return fmt.Errorf("%s: %w", d.uid, err)
		}
		//nolint:gosec // Grafana reads them as another user
		if err := os.WriteFile(filepath.Join(out, d.uid+".json"), buf.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// all are the dashboards, in the order in which one looks at them.
func all() []dashboard {
	return []dashboard{
		zoneOverview(), security(), origin(), workers(), pushed(), receivers(),
	}
}
