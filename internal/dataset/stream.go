// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import "strconv"

// liveInputEventsAdaptiveGroupsDataset is what happened to an account's live inputs.
func liveInputEventsAdaptiveGroupsDataset() *Dataset {
	d := accountEvents("liveInputEventsAdaptiveGroups", "stream_live_inputs", liveInputEventsAdaptiveGroups_Operation)
	return withMeasures(d, []measure[liveInputEventsRow]{
		counted("cloudflare.stream.live_input.segments", "count", []Attribute{by("input_id", "inputId"), by("event_code", "eventCode")},
			func(r *liveInputEventsRow) uint64 { return r.Count },
			func(r *liveInputEventsRow) []string { return []string{r.Dimensions.InputId, r.Dimensions.EventCode} }),
	})
}

// videoPlaybackEventsAdaptiveGroupsDataset is how often and how long an account's videos were played.
func videoPlaybackEventsAdaptiveGroupsDataset() *Dataset {
	attributes := []Attribute{by("video_id", "uid"), by("country", "clientCountryName")}
	values := func(r *videoPlaybackEventsRow) []string {
		return []string{r.Dimensions.Uid, r.Dimensions.ClientCountryName}
	}
	d := accountEvents("videoPlaybackEventsAdaptiveGroups", "stream_playback", videoPlaybackEventsAdaptiveGroups_Operation)
	return withMeasures(d, []measure[videoPlaybackEventsRow]{
		counted("cloudflare.stream.video_playback.starts", "count", attributes,
			func(r *videoPlaybackEventsRow) uint64 { return r.Count }, values),
		counted("cloudflare.stream.video_playback.time", "sum.timeViewedMinutes", attributes,
			func(r *videoPlaybackEventsRow) uint64 { return r.Sum.TimeViewedMinutes }, values),
	})
}

// videoBufferEventsAdaptiveGroupsDataset is how often players of an account's videos had to wait for data.
func videoBufferEventsAdaptiveGroupsDataset() *Dataset {
	d := accountEvents("videoBufferEventsAdaptiveGroups", "stream_buffering", videoBufferEventsAdaptiveGroups_Operation)
	return withMeasures(d, []measure[videoBufferEventsRow]{
		counted("cloudflare.stream.video_buffer.events", "count", []Attribute{by("video_id", "uid")},
			func(r *videoBufferEventsRow) uint64 { return r.Count },
			func(r *videoBufferEventsRow) []string { return []string{r.Dimensions.Uid} }),
	})
}

// videoQualityEventsAdaptiveGroupsDataset is how often players of an account's videos went to another resolution.
func videoQualityEventsAdaptiveGroupsDataset() *Dataset {
	d := accountEvents("videoQualityEventsAdaptiveGroups", "stream_quality", videoQualityEventsAdaptiveGroups_Operation)
	return withMeasures(d, []measure[videoQualityEventsRow]{
		counted("cloudflare.stream.video_quality.events", "count", []Attribute{by("video_id", "uid"), by("resolution", "qualityResolution")},
			func(r *videoQualityEventsRow) uint64 { return r.Count },
			func(r *videoQualityEventsRow) []string {
				return []string{r.Dimensions.Uid, strconv.FormatUint(r.Dimensions.QualityResolution, 10)}
			}),
	})
}

// streamMinutesViewedAdaptiveGroupsDataset is what Stream bills: the minutes that were delivered.
func streamMinutesViewedAdaptiveGroupsDataset() *Dataset {
	attributes := []Attribute{by("country", "clientCountryName"), by("media_type", "mediaType")}
	values := func(r *streamMinutesViewedRow) []string {
		return []string{r.Dimensions.ClientCountryName, r.Dimensions.MediaType}
	}
	d := accountEvents("streamMinutesViewedAdaptiveGroups", "stream_minutes", streamMinutesViewedAdaptiveGroups_Operation)
	return withMeasures(d, []measure[streamMinutesViewedRow]{
		counted("cloudflare.stream.minutes_viewed", "sum.minutesViewed", attributes,
			func(r *streamMinutesViewedRow) uint64 { return r.Sum.MinutesViewed }, values),
	})
}
