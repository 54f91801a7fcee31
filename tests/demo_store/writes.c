#include "writes.h"

#include <stdio.h>

int
writes_init(struct writes *writes)
{
	static const char *const kinds[] = {"products", "categories", "rules",	     "coupons",
					    "pages",	"blocks",     "source_items"};

	writes->total = 0;
	writes->kinds = json_object();
	if (writes->kinds == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		json_object_set_new(writes->kinds, kinds[i], json_object());
	return 0;
}

void
writes_fini(struct writes *writes)
{
	json_decref(writes->kinds);
	writes->kinds = NULL;
}

void
writes_note(struct writes *writes, const struct request *req, const char *kind, const char *key, json_t *body)
{
	json_t *entries = json_object_get(writes->kinds, kind), *entry = json_object_get(entries, key);
	json_int_t count = json_integer_value(json_object_get(entry, "count"));

	writes->total++;
	if (entry == NULL) {
		entry = json_object();
		json_object_set_new(entries, key, entry);
	}
	json_object_set_new(entry, "count", json_integer(count + 1));
	json_object_set_new(entry, "method", json_string(req->method));
	json_object_set_new(entry, "path", json_string(req->path));
	json_object_set_new(entry, "body", body != NULL ? json_incref(body) : json_null());
}

void
writes_note_id(struct writes *writes, const struct request *req, const char *kind, json_int_t id, json_t *body)
{
	char key[24];

	snprintf(key, sizeof(key), "%" JSON_INTEGER_FORMAT, id);
	writes_note(writes, req, kind, key, body);
}

json_t *
writes_render(const struct writes *writes)
{
	json_t *out = json_pack("{s:I}", "total", (json_int_t)writes->total);

	json_object_update(out, writes->kinds);
	return out;
}
