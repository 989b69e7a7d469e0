// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// Who pushes while a reload has the receiver shut down waits for the one that follows, and is counted.
func TestListenerIsHandedOn(t *testing.T) {
	t.Parallel()
	certificate, trusting := selfSigned(t)
	for scheme, settings := range map[string]map[string]any{
		"http":  {"endpoint": unusedAddress(t)},
		"https": {"endpoint": unusedAddress(t), "tls": certificate},
	} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			config := testConfig(acknowledgeDurable)
			require.NoError(t, confmap.NewFromStringMap(map[string]any{"http": settings}).Unmarshal(config))
			w := start(t, config, newDiskStorage())
			w.client = &http.Client{Transport: trusting.Clone()}
			w.url = strings.Replace(w.url, "http", scheme, 1)
			w.ok(http.MethodPatch, "/metrics/a", "")
			before := w
			w.stop()

			waiting, err := net.Dial("tcp", config.HTTP.NetAddr.Endpoint)
			require.NoError(t, err, "nobody is refused")
			require.NoError(t, waiting.Close())
			answered := make(chan reply)
			go func() { answered <- before.attempt(http.MethodPatch, "/metrics/a", "") }()

			w = startWith(t, config, before.disk, nil)
			w.client, w.url = before.client, before.url
			assert.Equal(t, http.StatusOK, (<-answered).status)
			assert.Equal(t, "a 2\n", w.text())
		})
	}
}

func TestListenerThatNobodyTakesIsClosed(t *testing.T) {
	t.Parallel()
	config := testConfig(acknowledgeMemory)
	config.HTTP.NetAddr.Endpoint = unusedAddress(t)
	w := start(t, config, newDiskStorage())
	address := w.listener.address
	w.stop()
	kept.mu.Lock()
	waiting := kept.waiting[address]
	kept.mu.Unlock()
	kept.expire(address, waiting)
	_, err := net.Dial("tcp", config.HTTP.NetAddr.Endpoint)
	require.Error(t, err)
	kept.expire(address, waiting)
	assert.Nil(t, kept.take(address))
}

// unusedAddress is one that nobody listens at.
func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// selfSigned returns settings with a certificate in files, and a transport that trusts it.
func selfSigned(t *testing.T) (tls map[string]any, trusting *http.Transport) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	dir := t.TempDir()
	tls = map[string]any{}
	for name, block := range map[string]*pem.Block{
		"cert_file": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		"key_file":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
		tls[name] = path
	}
	trusting, ok := server.Client().Transport.(*http.Transport)
	require.True(t, ok)
	return tls, trusting.Clone()
}
