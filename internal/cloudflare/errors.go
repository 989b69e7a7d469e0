// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Class says what is wrong in the terms in which a caller reacts. It is fit to be a metric attribute.
type Class string

// The classes of errors; "" is no error.
const (
	ClassAuth               Class = "auth"                // the credentials are wrong, expired or badly formed
	ClassPermission         Class = "permission"          // the credentials may not see this zone or account
	ClassGatedDataset       Class = "gated_dataset"       // the plan or product does not include the dataset
	ClassGatedField         Class = "gated_field"         // the plan or product does not include the field
	ClassTooWide            Class = "too_wide"            // the window is longer than maxDuration
	ClassTooOld             Class = "too_old"             // the window begins before notOlderThan
	ClassTooManyNodes       Class = "too_many_nodes"      // scopes × datasets of one query
	ClassTooManyFields      Class = "too_many_fields"     // fields of one dataset
	ClassExcessiveResources Class = "excessive_resources" // too much work for one query
	ClassRateLimited        Class = "rate_limited"        // the API's budget is used up
	ClassScopeLimited       Class = "scope_rate_limited"  // the budget of one zone or account is used up; others go on
	ClassDeferred           Class = "deferred"            // our own budget leaves it to a later call; nothing is wrong
	ClassTimeout            Class = "timeout"             // no answer in time
	ClassTransient          Class = "transient"           // the network or the API failed
	ClassBodyTooLarge       Class = "body_too_large"      // the answer exceeds our bound
	ClassInvalidQuery       Class = "invalid_query"       // the API, or this client, rejects the request itself
	ClassMalformed          Class = "malformed"           // the answer is not what was asked for
	ClassMissing            Class = "missing"             // the answer lacks a zone or account, without an error
	ClassTruncated          Class = "truncated"           // the answer lacks rows that no query would get
	ClassCanceled           Class = "canceled"            // the caller gave up
)

// Splittable reports whether a smaller query – fewer datasets, scopes or minutes – may succeed where this one did not,
// at least in parts: it also singles out what a token or plan does not allow.
func (c Class) Splittable() bool {
	switch c {
	case ClassPermission, ClassGatedDataset, ClassGatedField, ClassTooWide, ClassTooOld, ClassTooManyNodes,
		ClassTooManyFields, ClassExcessiveResources, ClassTimeout, ClassBodyTooLarge, ClassInvalidQuery:
		return true
	default:
		return false
	}
}

// Retryable reports whether the same request may succeed within seconds.
func (c Class) Retryable() bool {
	return c == ClassTransient || c == ClassTimeout || c == ClassMalformed
}

// Remedy returns one sentence that tells an operator what to do about an error of this class.
func Remedy(class Class) string {
	switch class {
	case ClassAuth:
		return "Check that the API token (or API key and email address) is complete, active and not expired."
	case ClassPermission:
		return "Give the token Zone Analytics Read and Account Analytics Read, Zone Read and Account Settings Read for these zones and accounts."
	case ClassGatedDataset, ClassGatedField:
		return "The zone's or account's plan does not include this; no token permission changes that."
	case ClassTooWide, ClassTooManyNodes, ClassTooManyFields, ClassExcessiveResources, ClassBodyTooLarge:
		return "Nothing to do: smaller queries are tried."
	case ClassTooOld:
		return "Data of that age is no longer available; a smaller max_backfill avoids asking for it."
	case ClassRateLimited:
		return "Lower rate_limit, raise collection_interval, or give the receiver credentials that nothing else uses."
	case ClassScopeLimited:
		return "Lower rate_limit::graphql, or find out what else asks about this zone or account with account-based rate limits."
	case ClassTimeout:
		return "Check the network, or raise http.timeout."
	case ClassTransient:
		return "Check the network and https://www.cloudflarestatus.com if it lasts."
	case ClassInvalidQuery:
		return "Check http.endpoint; if it is right, please report this error."
	case ClassMissing:
		return "Check that the token includes these zones and accounts."
	case ClassTruncated:
		return "Nothing to do: Cloudflare hands out no more."
	case ClassMalformed:
		return "Check http.endpoint and any proxy in between: the answer is not Cloudflare's API's."
	default:
		return ""
	}
}

// Error is every error that the client returns. Errors of contexts are below it for errors.Is.
type Error struct {
	Class   Class
	Kind    Kind
	Message string // one line of at most 300 bytes, without credentials
	Status  int    // HTTP status, 0 without a response
	Code    string // the REST envelope's number or GraphQL's extensions.code
	// Tags are the zones and accounts that the message names.
	Tags []string
	// Path is where in the document the API found the problem, such as viewer, zones, 0, p1.
	Path []string
	// Field is the gated field, in lower case as the API has it, and only the first of them.
	Field string
	// RetryAfter is how long requests of this kind, or about this zone or account, are refused from now on; 0 when they are not.
	RetryAfter time.Duration
	// RayID identifies the request to Cloudflare's support.
	RayID string

	cause error
}

// Error returns the kind, class and message with what helps support.
func (e *Error) Error() string {
	var details []string
	if e.Status != 0 {
		details = append(details, fmt.Sprintf("HTTP %d", e.Status))
	}
	if e.Code != "" {
		details = append(details, "code "+e.Code)
	}
	if e.RetryAfter > 0 {
		details = append(details, "retry after "+e.RetryAfter.Round(time.Second).String())
	}
	if e.RayID != "" {
		details = append(details, "ray "+e.RayID)
	}
	text := fmt.Sprintf("cloudflare %s: %s: %s", e.Kind, e.Class, e.Message)
	if len(details) > 0 {
		text += " (" + strings.Join(details, ", ") + ")"
	}
	return text
}

// Unwrap returns the context's error when that ended the call.
func (e *Error) Unwrap() error { return e.cause }

// Part returns the index in Document.Parts of the part whose alias the path names.
func (e *Error) Part() (int, bool) {
	for _, step := range e.Path {
		if number, ok := strings.CutPrefix(step, "p"); ok {
			if part, err := strconv.Atoi(number); err == nil && alias(part) == step {
				return part, true
			}
		}
	}
	return 0, false
}

// ClassOf returns the class of the first Error in err's tree, what fits an error of a context, ClassTransient for any
// other error and "" for nil.
func ClassOf(err error) Class {
	if typed, ok := errors.AsType[*Error](err); ok {
		return typed.Class
	}
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return ClassCanceled
	case errors.Is(err, context.DeadlineExceeded):
		return ClassTimeout
	default:
		return ClassTransient
	}
}

const maxMessage = 300 // bytes

// tidy makes an outside text fit for a log: one printable line, cut at a rune's end.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= maxMessage {
		return text
	}
	const ellipsis = "…"
	return strings.ToValidUTF8(text[:maxMessage-len(ellipsis)], "") + ellipsis
}
