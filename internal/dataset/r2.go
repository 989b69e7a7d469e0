// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import "time"

// r2OperationsAdaptiveGroupsDataset is what was asked of an account's R2 buckets. Cloudflare bills by actionType.
func r2OperationsAdaptiveGroupsDataset() *Dataset {
	attributes := []Attribute{by("bucket", "bucketName"), by("action_type", "actionType"), by("action_status", "actionStatus")}
	values := func(r *r2OperationsRow) []string {
		return []string{r.Dimensions.BucketName, r.Dimensions.ActionType, r.Dimensions.ActionStatus}
	}
	d := accountEvents("r2OperationsAdaptiveGroups", "r2_operations", r2OperationsAdaptiveGroups_Operation)
	return withMeasures(d, []measure[r2OperationsRow]{
		counted("cloudflare.r2.operations", "sum.requests", attributes, func(r *r2OperationsRow) uint64 { return r.Sum.Requests }, values),
		counted("cloudflare.r2.response", "sum.responseBytes", attributes,
			func(r *r2OperationsRow) uint64 { return r.Sum.ResponseBytes }, values),
		counted("cloudflare.r2.response.objects", "sum.responseObjectSize", attributes,
			func(r *r2OperationsRow) uint64 { return r.Sum.ResponseObjectSize }, values),
	})
}

// r2StorageAdaptiveGroupsDataset is what an account's R2 buckets hold. Cloudflare does not say how often a bucket is
// sampled; the truncation of sample times to hours suggests that an hour has each of them.
func r2StorageAdaptiveGroupsDataset() *Dataset {
	attributes := []Attribute{by("bucket", "bucketName"), by("storage_class", "storageClass")}
	stored := func(name, field string, value func(*r2StorageMax) uint64) measure[r2StorageRow] {
		return measure[r2StorageRow]{
			name: name, kind: Gauge, attributes: attributes, fields: []string{"max." + field},
			ints: func(r *r2StorageRow, emit func(uint64, ...string)) {
				emit(value(&r.Max), r.Dimensions.BucketName, r.Dimensions.StorageClass)
			},
		}
	}
	d := accountEvents("r2StorageAdaptiveGroups", "r2_storage", r2StorageAdaptiveGroups_Operation)
	d.Granularity, d.Step = time.Hour, time.Hour
	return withMeasures(d, []measure[r2StorageRow]{
		stored("cloudflare.r2.storage.payload", "payloadSize", func(m *r2StorageMax) uint64 { return m.PayloadSize }),
		stored("cloudflare.r2.storage.metadata", "metadataSize", func(m *r2StorageMax) uint64 { return m.MetadataSize }),
		stored("cloudflare.r2.storage.objects", "objectCount", func(m *r2StorageMax) uint64 { return m.ObjectCount }),
		stored("cloudflare.r2.storage.uploads", "uploadCount", func(m *r2StorageMax) uint64 { return m.UploadCount }),
	})
}
