// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ports gives out ports of the loopback interface. Its zero value is ready.
type Ports struct{ taken sync.Map }

// Free finds a port that nobody listens at. No two calls return the same one.
func (p *Ports) Free(t *testing.T) int {
	t.Helper()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address, err := netip.ParseAddrPort(listener.Addr().String())
		require.NoError(t, err)
		require.NoError(t, listener.Close())
		port := int(address.Port())
		if _, taken := p.taken.LoadOrStore(port, true); !taken {
			return port
		}
	}
}
