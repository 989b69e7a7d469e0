// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import "fmt"

// Reason says what is wrong with something that was refused.
type Reason uint8

// The reasons of a refusal.
const (
	Invalid   Reason = iota // it can never be counted
	Conflict                // it contradicts what is there: another kind, unit or other histogram bounds
	Full                    // there is no room for it, and waiting does not help
	Busy                    // there is no room for it now
	KeyReused               // the idempotency key was used for another request
)

// Refusal is why something was refused. It changed nothing.
type Refusal struct {
	Reason  Reason
	Message string
}

func (r *Refusal) Error() string { return r.Message }

func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
