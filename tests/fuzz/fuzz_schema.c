/*
 * fuzz_schema.c - any JSON against a schema that uses every keyword: bounded, well-formed complaints; what is accepted
 * is accepted again after a dump and a parse
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/json/sample_schema.h"
#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"
#include "json/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
check(const json_t *value)
{
	json_t *found = json_array();
	int n;

	must(found != NULL);
	n = json_schema_check(&sample_schema, value, "params", found);
	must(n >= 0 && n <= JSON_VIOLATIONS_MAX && (size_t)n == json_array_size(found));
	for (int i = 0; i < n; i++) {
		const char *path = json_get_str(json_array_get(found, (size_t)i), "path", NULL);
		const char *message = json_get_str(json_array_get(found, (size_t)i), "message", NULL);

		must(path != NULL && strncmp(path, "params", 6) == 0);
		must(message != NULL && strlen(message) > 5);
	}
	json_decref(found);
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *value = NULL, *again = NULL;
	struct buf out;
	int before;

	if (json_parse(slice_of((const char *)data, size), NULL, &value, NULL) != 0)
		return 0;
	buf_init(&out, (size_t)64 << 20);
	before = check(value);
	must(json_dump_to(&out, value) == 0);
	must(json_parse(buf_slice(&out), NULL, &again, NULL) == 0);
	must(check(again) == before);
	json_decref(again);
	json_decref(value);
	buf_fini(&out);
	return 0;
}
