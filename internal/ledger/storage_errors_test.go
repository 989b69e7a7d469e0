// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

type extensions map[component.ID]component.Component

func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

// lockedStorage is a storage whose file somebody else has open.
type lockedStorage struct {
	component.StartFunc
	component.ShutdownFunc
}

func (lockedStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return nil, errors.New("timeout")
}

func TestStorageErrorsNameTheRemedy(t *testing.T) {
	t.Parallel()
	disk, other, unlisted := component.MustNewID("disk"), component.MustNewID("other"), component.MustNewID("unlisted")
	host := extensions{disk: lockedStorage{}, other: struct {
		component.StartFunc
		component.ShutdownFunc
	}{}}
	for want, id := range map[string]*component.ID{
		"timeout; check that no other Collector uses the same directory": &disk,
		"found; name an extension that is listed":                        &other,
		"not found; name an extension that is listed":                    &unlisted,
	} {
		_, err := Storage(t.Context(), host, id, component.MustNewID("receiver"))
		require.ErrorContains(t, err, want)
	}
	client, err := Storage(t.Context(), host, nil, component.MustNewID("receiver"))
	require.NoError(t, err)
	value, err := client.Get(t.Context(), "key")
	require.NoError(t, err)
	assert.Empty(t, value)
}
