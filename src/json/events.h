/*
 * events.h - the scanner as a source of events, for those who build something from the whole text
 */
#ifndef JSON_EVENTS_H
#define JSON_EVENTS_H

#include "json/scan.h"

/* Each gives 0 to go on; anything else ends the scan and is its result. */
struct json_sink {
	int (*on_key)(void *ctx, struct slice raw, bool has_escape); /* without quotes */
	int (*on_scalar)(void *ctx, enum json_kind kind, struct slice token, bool has_escape);
	int (*on_open)(void *ctx, enum json_kind kind);
	int (*on_close)(void *ctx);
};

/* As json_scan_value, telling `sink` of everything in text order, before it is known that the rest is JSON. */
int json_scan_events(struct slice text, const struct json_limits *limits, const struct json_sink *sink, void *ctx,
		     struct err *err) MUST_CHECK;

#endif
