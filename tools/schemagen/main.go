// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Command schemagen adds to our part of Cloudflare's GraphQL schema what the operations use and it lacks: types, fields,
// arguments, filters, orders and entitlements. It takes nothing away. Where a zone's dataset can be read for a whole
// account, with the zone as one more dimension, what that takes is added too.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	complete := flag.String("complete", "", "Cloudflare's complete schema, as SDL")
	ours := flag.String("schema", "", "our part of it, which is rewritten")
	operations := flag.String("operations", "", "directory of .graphql operations")
	flag.Parse()
	if err := run(*complete, *ours, *operations); err != nil {
		log.Fatalf("schemagen: %v", err)
	}
}

func run(completePath, oursPath, operations string) error {
	complete, err := os.ReadFile(filepath.Clean(completePath))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("no complete schema at %q: introspect https://api.cloudflare.com/client/v4/graphql, "+
			"write the answer as SDL, and set CLOUDFLARE_SCHEMA to the file", completePath)
	}
	if err != nil {
		return err
	}
	ours, err := os.ReadFile(filepath.Clean(oursPath))
	if err != nil {
		return err
	}
	texts, err := read(operations)
	if err != nil {
		return err
	}
	extended, err := extend(string(complete), string(ours), texts)
	if err != nil {
		return err
	}
	return os.WriteFile(oursPath, []byte(extended), 0o600) //nolint:gosec // writing where it is told to is what the command is for
}

// operation is one query and the file it is from.
type operation struct{ file, text string }

func read(directory string) ([]operation, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.graphql"))
	if err != nil {
		return nil, err
	}
	texts := make([]operation, 0, len(files))
	for _, file := range files { // Glob sorts
		text, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return nil, err
		}
		texts = append(texts, operation{filepath.Base(file), string(text)})
	}
	return texts, nil
}
