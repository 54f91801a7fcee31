/*
 * render.c - the members in their order; each has a bound of its own, so that the line has one, too
 *
 * Worst case: nine names of 200 characters and a reason of 500, six bytes each when escaped (13.8 KB), and the three
 * values below with the marks of what was cut (1 KiB each).
 */
#include "render.h"

#include "audit/redact.h"
#include "base/clock.h"
#include "json/write.h"

#define NAME_CHARS 200
#define REASON_CHARS 500
#define PARAMS_BYTES (40 * 1024)
#define SCOPE_BYTES 1024
#define COUNTS_BYTES 1024

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

static void
put_text(struct json_writer *w, const char *key, const char *text, size_t chars)
{
	if (text == NULL || text[0] == '\0')
		return;
	json_write_key(w, key);
	json_write_slice(w, cut(slice_from_str(text), chars));
}

static int
put_value(struct json_writer *w, const char *key, const json_t *value, size_t max_bytes)
{
	json_t *copy = NULL;
	int r;

	if (value == NULL || json_is_null(value))
		return 0;
	r = redact_copy(value, max_bytes, &copy);
	if (r < 0)
		return r;
	json_write_key(w, key);
	json_write_tree(w, copy);
	json_decref(copy);
	return 0;
}

static void
put_head(struct json_writer *w, const struct audit_record *record)
{
	char time[CLOCK_ISO_CAP];

	clock_format_iso_ms(record->wall_ms, time);
	json_write_key_string(w, "time", time);
	json_write_key_string(w, "phase", phase_name(record->phase));
	put_text(w, "request_id", record->request_id, NAME_CHARS);
	put_text(w, "principal", record->principal, NAME_CHARS);
	put_text(w, "session", record->session, NAME_CHARS);
	put_text(w, "username", record->username, NAME_CHARS);
	put_text(w, "environment", record->environment, NAME_CHARS);
	put_text(w, "store", record->store, NAME_CHARS);
	put_text(w, "tool", record->tool, NAME_CHARS);
}

int
render_line(const struct audit_record *record, struct buf *out)
{
	struct json_writer w;
	int r;

	json_write_init(&w, out);
	json_write_begin_object(&w);
	put_head(&w, record);
	r = put_value(&w, "scope", record->scope, SCOPE_BYTES);
	if (r == 0)
		r = put_value(&w, "params", record->params, PARAMS_BYTES);
	put_text(&w, "plan_id", record->plan_id, NAME_CHARS);
	put_text(&w, "reason", record->reason, REASON_CHARS);
	put_text(&w, "outcome", record->outcome, NAME_CHARS);
	if (r == 0)
		r = put_value(&w, "counts", record->counts, COUNTS_BYTES);
	if (record->duration_ms >= 0)
		json_write_key_int(&w, "duration_ms", record->duration_ms);
	json_write_end(&w);
	if (r == 0)
		r = json_write_finish(&w);
	return r == 0 ? buf_put_char(out, '\n') : r;
}
