// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/client"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
)

// keyHeader is that of draft-ietf-httpapi-idempotency-key-header.
const keyHeader = "Idempotency-Key"

const maxKeyBytes = 255

// keyOf returns the idempotency key of a request, nil if it has none. The key stands for the method, the address and the
// body, so that it cannot be used for anything else.
func keyOf(r *http.Request, body []byte) (*aggregate.Key, error) {
	values := r.Header.Values(keyHeader)
	if len(values) == 0 {
		return nil, nil
	}
	if len(values) > 1 || values[0] == "" || len(values[0]) > maxKeyBytes {
		return nil, failure(http.StatusBadRequest, "%s must be one text of 1 to %d bytes", keyHeader, maxKeyBytes)
	}
	return aggregate.NewKey(principal(r), values[0], []byte(r.Method), []byte(r.URL.RequestURI()), body), nil
}

// principal says who has been authenticated. Extensions that do not say are taken at the credentials they were shown.
func principal(r *http.Request) string {
	if auth := client.FromContext(r.Context()).Auth; auth != nil {
		for _, name := range []string{"subject", "username"} {
			if value := auth.GetAttribute(name); value != nil {
				return fmt.Sprintf("%s=%v", name, value)
			}
		}
		var all []string
		for _, name := range slices.Sorted(slices.Values(auth.GetAttributeNames())) {
			all = append(all, fmt.Sprintf("%s=%v", name, auth.GetAttribute(name)))
		}
		return strings.Join(all, "\n")
	}
	sum := sha256.Sum256([]byte(r.Header.Get("Authorization")))
	return string(sum[:])
}
