// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Command healthcheck asks one URL and exits with 0 if the answer is 2xx, with 1 otherwise. Images that hold neither a
// shell nor curl run it as their health check.
//
//	healthcheck [URL]
//
// Without a URL it asks the Collector's readiness where the shipped configurations serve it:
// http://HEALTH_ADDR:HEALTH_PORT/status, 127.0.0.1:13133 by default.
package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

// timeout is below what the images give a health check, so that it is this program that complains.
const timeout = 5 * time.Second

func main() {
	url := statusURL(os.Getenv("HEALTH_ADDR"), os.Getenv("HEALTH_PORT"))
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	if err := check(context.Background(), url); err != nil {
		fmt.Fprintln(os.Stderr, "healthcheck:", err)
		os.Exit(1)
	}
}

// statusURL is where the Collector that listens at this address, or at all of them, tells its readiness.
func statusURL(addr, port string) string {
	switch addr {
	case "", "0.0.0.0":
		addr = "127.0.0.1"
	case "[::]":
		addr = "[::1]"
	}
	return "http://" + addr + ":" + cmp.Or(port, "13133") + "/status"
}

func check(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody) //nolint:gosec // as below
	if err != nil {
		return err
	}
	// No proxy of the environment's: what is asked is in the same container.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request) //nolint:gosec // who starts the program says what it asks
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return nil
}
