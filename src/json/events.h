/*
 * events.h - the scanner as a source of events, for those who build something from the whole text
 */
#ifndef JSON_EVENTS_H
#define JSON_EVENTS_H

#include "json/scan.h"

/* What a string holds besides printing ASCII. */
#define JSON_TEXT_ESCAPE 1u
#define JSON_TEXT_ODD 2u /* DEL, or characters beyond ASCII */

/* Each that gives something gives 0 to go on; anything else ends the scan and is its result.  `marks` are those above.
 */
struct json_sink {
	int (*on_key)(void *ctx, struct slice raw, unsigned marks); /* without quotes */
	int (*on_scalar)(void *ctx, enum json_kind kind, struct slice token, unsigned marks);
	int (*on_open)(void *ctx, enum json_kind kind, const char *at); /* of the bracket */
	int (*on_close)(void *ctx, const char *end);			/* behind the bracket */
	void (*on_space)(void *ctx, struct slice space); /* between tokens, only where there is some; may be NULL */
};

/* As json_scan_value, telling `sink` of everything in text order, before it is known that the rest is JSON. */
int json_scan_events(struct slice text, const struct json_limits *limits, const struct json_sink *sink, void *ctx,
		     struct err *err) MUST_CHECK;

#endif
