#include "reqlog.h"

#include <stdio.h>

unsigned long
reqlog_add(struct reqlog *log, const char *method, const char *path)
{
	struct reqlog_entry *entry = &log->entries[log->total % REQLOG_MAX];

	snprintf(entry->method, sizeof(entry->method), "%s", method);
	snprintf(entry->path, sizeof(entry->path), "%s", path);
	entry->auth = "none";
	entry->status = 0;
	return log->total++;
}

void
reqlog_finish(struct reqlog *log, unsigned long number, const char *auth, int status)
{
	struct reqlog_entry *entry = &log->entries[number % REQLOG_MAX];

	/* The entry may have been overwritten, or the log cleared, while the answer waited. */
	if (number >= log->total || log->total - number > REQLOG_MAX)
		return;
	entry->auth = auth;
	entry->status = status;
}

void
reqlog_clear(struct reqlog *log)
{
	log->total = 0;
	json_decref(log->pages);
	log->pages = NULL;
}

void
reqlog_count_page(struct reqlog *log, const char *path)
{
	if (log->pages == NULL)
		log->pages = json_object();
	json_object_set_new(log->pages, path, json_integer(json_integer_value(json_object_get(log->pages, path)) + 1));
}

json_t *
reqlog_render(const struct reqlog *log)
{
	json_t *list = json_array();
	unsigned long first = log->total > REQLOG_MAX ? log->total - REQLOG_MAX : 0;

	for (unsigned long n = first; n < log->total; n++) {
		const struct reqlog_entry *entry = &log->entries[n % REQLOG_MAX];
		/* A path may hold bytes that are no UTF-8. */
		json_t *path = json_string(entry->path);

		json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:i}", "method", entry->method, "path",
						      path != NULL ? path : json_string("?"), "auth", entry->auth,
						      "status", entry->status));
	}
	return json_pack("{s:I, s:o, s:o}", "total", (json_int_t)log->total, "requests", list, "pages",
			 log->pages != NULL ? json_deep_copy(log->pages) : json_object());
}
