// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package promformat translates between what Prometheus' clients and servers say to each other and OTLP metrics: text,
// OpenMetrics and protobuf in, metric families out. What is done with the metrics is left to the receiver.
package promformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protodelim"
)

// Parse reads the body of a push. Its content type says whether that is OpenMetrics or delimited protobuf; all others are
// taken as text, as the Pushgateway does. Text may also be one JSON string.
func Parse(contentType string, body []byte) ([]*dto.MetricFamily, error) {
	mediaType, _, _ := mime.ParseMediaType(contentType) // what cannot be parsed is none of the two
	if mediaType == expfmt.ProtoType {
		return parseProtobuf(body)
	}
	body, err := unquote(body)
	if err != nil {
		return nil, err
	}
	if mediaType == expfmt.OpenMetricsType {
		return parseOpenMetrics(body)
	}
	return parseText(body)
}

// unquote returns the text in a body that is one JSON string, any other body as it is.
func unquote(body []byte) ([]byte, error) {
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '"' {
		return body, nil
	}
	var text string
	if err := json.Unmarshal(body, &text); err != nil {
		return nil, fmt.Errorf("the JSON string: %w", err)
	}
	return []byte(text), nil
}

func parseProtobuf(body []byte) ([]*dto.MetricFamily, error) {
	var families []*dto.MetricFamily
	r := bytes.NewReader(body)
	opts := protodelim.UnmarshalOptions{MaxSize: max(int64(len(body)), 1)} // a length that lies allocates no more than that
	for {
		family := &dto.MetricFamily{}
		err := opts.UnmarshalFrom(r, family)
		if errors.Is(err, io.EOF) {
			return families, nil
		}
		if err != nil {
			return nil, fmt.Errorf("metric family %d: %w", len(families), err)
		}
		families = append(families, family)
	}
}
