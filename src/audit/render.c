/*
 * render.c - the members in their order; each has a bound of its own, so that the line has one, too
 *
 * Worst case: nine names of 200 characters and a reason of 500, six bytes each when escaped (13.8 KB), and the three
 * values below with the marks of what was cut (1 KiB each).
 */
#include "render.h"

#include "audit/redact.h"
#include "base/clock.h"
#include "base/enc.h"

#define NAME_CHARS 200
#define REASON_CHARS 500
#define PARAMS_BYTES (40 * 1024)
#define SCOPE_BYTES 1024
#define COUNTS_BYTES 1024
#define USUAL_BYTES 512 /* what a record takes, so that memory is looked for once */

static const char *
phase_name(enum audit_phase phase)
{
	static const char *const names[] = {
	    [AUDIT_BEGIN] = "begin", [AUDIT_END] = "end", [AUDIT_REFUSED] = "refused", [AUDIT_ASKED] = "asked"};

	return names[phase];
}

/* The first `chars` characters; a malformed byte counts as one. */
static struct slice
cut(struct slice text, size_t chars)
{
	size_t at = 0;

	if (text.len <= chars)
		return text;
	while (at < text.len && chars-- > 0) {
		size_t step = slice_utf8_len(slice_sub(text, at, text.len));

		at += step > 0 ? step : 1;
	}
	return slice_sub(text, 0, at);
}

/* A member's comma and name as they stand in the line, and the rest of it. */
#define PUT_TEXT(out, key, text, chars) put_text((out), SLICE_LIT(",\"" key "\":"), (text), (chars))
#define PUT_VALUE(out, key, value, max_bytes) put_value((out), SLICE_LIT(",\"" key "\":"), (value), (max_bytes))

static void
put_text(struct buf *out, struct slice key, const char *text, size_t chars)
{
	if (text == NULL || text[0] == '\0')
		return;
	buf_put_slice(out, key);
	enc_json_put(out, cut(slice_from_str(text), chars));
}

static int
put_value(struct buf *out, struct slice key, const json_t *value, size_t max_bytes)
{
	if (value == NULL || json_is_null(value))
		return 0;
	buf_put_slice(out, key);
	if (json_is_object(value) && json_object_size(value) == 0)
		return buf_put(out, "{}", 2);
	return redact_put(out, value, max_bytes);
}

static void
put_head(struct buf *out, const struct audit_record *record)
{
	char time[CLOCK_ISO_CAP];

	clock_format_iso_ms(record->wall_ms, time);
	buf_put_slice(out, SLICE_LIT("{\"time\":\""));
	buf_put_str(out, time);
	buf_put_slice(out, SLICE_LIT("\",\"phase\":\""));
	buf_put_str(out, phase_name(record->phase));
	buf_put_char(out, '"');
	PUT_TEXT(out, "request_id", record->request_id, NAME_CHARS);
	PUT_TEXT(out, "principal", record->principal, NAME_CHARS);
	PUT_TEXT(out, "session", record->session, NAME_CHARS);
	PUT_TEXT(out, "username", record->username, NAME_CHARS);
	PUT_TEXT(out, "environment", record->environment, NAME_CHARS);
	PUT_TEXT(out, "store", record->store, NAME_CHARS);
	PUT_TEXT(out, "tool", record->tool, NAME_CHARS);
}

static void
put_duration(struct buf *out, int64_t ms)
{
	if (ms < 0)
		return;
	buf_put_slice(out, SLICE_LIT(",\"duration_ms\":"));
	buf_put_i64(out, ms);
}

int
render_line(const struct audit_record *record, struct buf *out)
{
	int r;

	buf_reserve(out, USUAL_BYTES);
	put_head(out, record);
	r = PUT_VALUE(out, "scope", record->scope, SCOPE_BYTES);
	if (r == 0)
		r = PUT_VALUE(out, "params", record->params, PARAMS_BYTES);
	PUT_TEXT(out, "plan_id", record->plan_id, NAME_CHARS);
	PUT_TEXT(out, "reason", record->reason, REASON_CHARS);
	PUT_TEXT(out, "outcome", record->outcome, NAME_CHARS);
	if (r == 0)
		r = PUT_VALUE(out, "counts", record->counts, COUNTS_BYTES);
	put_duration(out, record->duration_ms);
	buf_put(out, "}\n", 2);
	return r < 0 ? r : out->failed;
}
