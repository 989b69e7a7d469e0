// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"errors"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// Task is something that an inventory asks of Cloudflare.
type Task string

// The tasks of an inventory.
const (
	ListAccounts      Task = "list accounts"
	ListZones         Task = "list zones"
	Discover          Task = "list accounts and zones by GraphQL"
	ReadZoneLimits    Task = "read entitlements of zones"
	ReadAccountLimits Task = "read entitlements of accounts"
	ReadRules         Task = "read the names of firewall rules"
)

// Error says which task an error of the API ended. What an Inventory returns are such errors, joined.
type Error struct {
	Task Task
	Err  error
}

func (e *Error) Error() string { return string(e.Task) + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// during says of each of joined errors which task it ended.
func during(task Task, err error) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, e := range joined.Unwrap() {
			errs = append(errs, during(task, e))
		}
		return errors.Join(errs...)
	}
	return &Error{Task: task, Err: err}
}

// readLimits is the task of reading the entitlements of scopes.
func readLimits(kind cloudflare.ScopeKind) Task {
	if kind == cloudflare.AccountScope {
		return ReadAccountLimits
	}
	return ReadZoneLimits
}
