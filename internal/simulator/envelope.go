// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
)

// envelope is the frame of every REST answer, and of GraphQL answers that were refused before GraphQL was reached.
type envelope struct {
	Success    bool           `json:"success"`
	Errors     []envelopeItem `json:"errors"`
	Messages   []envelopeItem `json:"messages"`
	Result     any            `json:"result"`
	ResultInfo *resultInfo    `json:"result_info,omitempty"`
}

type envelopeItem struct {
	Code       int            `json:"code"`
	Message    string         `json:"message"`
	ErrorChain []envelopeItem `json:"error_chain,omitempty"`
}

type resultInfo struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	Count      int `json:"count"`
	TotalCount int `json:"total_count"`
	TotalPages int `json:"total_pages"`
}

// apiError is a refusal in an envelope. Codes and texts are Cloudflare's.
type apiError struct {
	status int
	items  []envelopeItem
}

func newAPIError(status, code int, message string, chain ...envelopeItem) *apiError {
	return &apiError{status: status, items: []envelopeItem{{Code: code, Message: message, ErrorChain: chain}}}
}

func errMissingToken() *apiError {
	return newAPIError(http.StatusUnauthorized, 10000, "Authentication error")
}

func errInvalidToken() *apiError {
	return newAPIError(http.StatusForbidden, 10000, "Authentication error")
}

func errTokenNotVerified() *apiError {
	return newAPIError(http.StatusUnauthorized, 1000, "Invalid API Token")
}

func errInvalidHeader(code int, header string) *apiError {
	return newAPIError(http.StatusBadRequest, 6003, "Invalid request headers",
		envelopeItem{Code: code, Message: "Invalid format for " + header + " header"})
}

// errInvalidParameter's code is not Cloudflare's, which has one for each endpoint.
func errInvalidParameter(detail string) *apiError {
	return newAPIError(http.StatusBadRequest, 1001, "Invalid request: "+detail)
}

func errMethodNotAllowed() *apiError {
	return newAPIError(http.StatusMethodNotAllowed, 10405, "Method not allowed for this authentication scheme")
}

func errInternal() *apiError {
	return newAPIError(http.StatusInternalServerError, 10001, "Internal server error")
}

// errUnavailable's code and text are not Cloudflare's, whose 503s are not documented for REST.
func errUnavailable() *apiError {
	return newAPIError(http.StatusServiceUnavailable, 10503, "Service temporarily unavailable")
}

func errNoRoute(path string) *apiError {
	return &apiError{status: http.StatusNotFound, items: []envelopeItem{
		{Code: 7003, Message: "Could not route to " + strings.TrimPrefix(path, "/client/v4") + ", perhaps your object identifier is invalid?"},
		{Code: 7000, Message: "No route for that URI"},
	}}
}

func errTooManyRequests() *apiError {
	return newAPIError(http.StatusTooManyRequests, 10429, "More than 1200 requests per 300 seconds reached. Please wait and consider throttling your request speed")
}

func writeEnvelopeError(w http.ResponseWriter, err *apiError) {
	writeJSON(w, err.status, envelope{Errors: err.items, Messages: []envelopeItem{}})
}

func writeResult(w http.ResponseWriter, result any, info *resultInfo) {
	writeJSON(w, http.StatusOK, envelope{
		Success: true, Errors: []envelopeItem{}, Messages: []envelopeItem{}, Result: result, ResultInfo: info,
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone: nobody is left to tell
}
