/*
 * fuzz_ini.c - the INI reader, and the whole way from text to a configuration and back
 *
 * Whatever loads must render, and the rendered text must load again and render to the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_reader(struct slice text)
{
	struct ini_reader reader;
	struct ini_item item;
	unsigned last_line = 0;
	struct err err;

	ini_init(&reader, text);
	while (ini_next(&reader, &item, &err) == 0 && item.kind != INI_END) {
		if (item.line <= last_line)
			abort();
		last_line = item.line;
		if (item.kind == INI_SETTING && item.key.len + item.value.len > INI_LINE_MAX)
			abort();
	}
}

static void
check_render(struct slice text)
{
	struct config *cfg = NULL, *again = NULL;
	struct buf first, second;
	struct err err;

	if (config_parse_rendered(text, &cfg, &err) < 0) {
		if (cfg != NULL || err.text[0] == '\0')
			abort();
		return;
	}
	buf_init_secret(&first, CONFIG_RENDERED_MAX);
	buf_init_secret(&second, CONFIG_RENDERED_MAX);
	if (config_render(cfg, &first) < 0 || config_parse_rendered(buf_slice(&first), &again, &err) < 0 ||
	    config_render(again, &second) < 0 || !slice_eq(buf_slice(&first), buf_slice(&second)))
		abort();
	buf_fini(&first);
	buf_fini(&second);
	config_free(&cfg);
	config_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size, so that a byte read too far is seen. */
	char *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	check_reader(slice_of(copy, size));
	check_render(slice_of(copy, size));
	free(copy);
	return 0;
}
