// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"fmt"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/adapter"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// Storage returns the owner's client of a storage extension, one that forgets everything if no extension is named. Errors name
// the key storage, which both receivers have, and the remedy.
func Storage(ctx context.Context, host component.Host, extension *component.ID, owner component.ID) (storage.Client, error) {
	client, err := adapter.GetStorageClient(ctx, host, extension, owner)
	if err == nil {
		return client, nil
	}
	if _, ok := host.GetExtensions()[*extension].(storage.Extension); !ok {
		return nil, fmt.Errorf("storage: %w; name an extension that is listed under service::extensions, for example file_storage", err)
	}
	return nil, fmt.Errorf("storage: open the state of %s in %s: %w; check that no other Collector uses the same directory "+
		"and that its files are whole", owner, extension, err)
}
