// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"bytes"
	"mime"
	"net/http"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
)

const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
)

// encoding returns the content type of an OTLP body. A Worker that gives fetch a string and no content type sends
// text/plain; what looks like JSON is taken as such.
func encoding(r *http.Request, body []byte) (string, error) {
	header := r.Header.Get("Content-Type")
	mediaType, _, err := mime.ParseMediaType(header)
	switch {
	case err == nil && (mediaType == protobufType || mediaType == jsonType):
		return mediaType, nil
	case (header == "" || mediaType == "text/plain") && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")):
		return jsonType, nil
	}
	return "", failure(http.StatusUnsupportedMediaType, "the content type %.60q is neither %s nor %s", header, protobufType, jsonType)
}

// otlp takes an ExportMetricsServiceRequest. Points that cannot be added are refused one by one.
func (s *server) otlp(r *http.Request, body []byte) (answer, error) {
	contentType, err := encoding(r, body)
	if err != nil {
		return answer{}, err
	}
	request := pmetricotlp.NewExportRequest()
	if contentType == jsonType {
		err = request.UnmarshalJSON(body)
	} else {
		err = request.UnmarshalProto(body)
	}
	if err != nil {
		return answer{}, failure(http.StatusBadRequest, "the body is no OTLP export request: %v", err)
	}
	outcome, err := s.change(r, body, func(store *aggregate.Store) (aggregate.Outcome, error) {
		return store.Push(aggregate.Push{Metrics: request.Metrics(), Partial: true})
	})
	if err != nil {
		return answer{}, err
	}
	return otlpAnswer(contentType, outcome)
}

func otlpAnswer(contentType string, outcome aggregate.Outcome) (answer, error) {
	response := pmetricotlp.NewExportResponse()
	if outcome.Refused > 0 {
		response.PartialSuccess().SetRejectedDataPoints(int64(outcome.Refused))
		response.PartialSuccess().SetErrorMessage(outcome.Message)
	}
	marshal := response.MarshalProto
	if contentType == jsonType {
		marshal = response.MarshalJSON
	}
	body, err := marshal()
	return answer{status: http.StatusOK, contentType: contentType, body: body}, err
}

// otlpRefusal puts a refusal into the Status message that OTLP wants, in the encoding of the request.
func otlpRefusal(r *http.Request, a answer) answer {
	code := codes.InvalidArgument
	if a.retryAfter > 0 {
		code = codes.Unavailable
	}
	message := &spb.Status{Code: int32(code), Message: string(bytes.TrimSpace(a.body))}
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what cannot be parsed gets JSON
	var err error
	if mediaType == protobufType {
		a.contentType = protobufType
		a.body, err = proto.Marshal(message)
	} else {
		a.contentType = jsonType
		a.body, err = protojson.Marshal(message)
	}
	if err != nil {
		a.body = nil
	}
	return a
}
