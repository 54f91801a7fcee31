/*
 * sources.h - loading configurations from literals, for the tests of config/
 *
 * Included by test programs after cmocka.h.
 */
#ifndef TEST_SOURCES_H
#define TEST_SOURCES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

#define SOURCES_FILE "test.conf"

/* Loads; each list ends with NULL, any of the three may be NULL.  The file is a temporary one; its name is cut from
 * texts. */
static inline int
sources_load(const char *file, const char *const *settings, const char *const *environment, struct config **cfg_r,
	     struct err *err)
{
	struct config_sources src = {.settings = settings};
	char path[] = "/tmp/config-test-XXXXXX";
	char *env[64];
	size_t i;
	int fd = -1;
	int r;

	*err = (struct err){0};
	if (file != NULL) {
		fd = mkstemp(path);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, file, strlen(file)), strlen(file));
		src.path = path;
	}
	while (settings != NULL && settings[src.n_settings] != NULL)
		src.n_settings++;
	for (i = 0; environment != NULL && environment[i] != NULL; i++) {
		assert_true(i + 1 < sizeof(env) / sizeof(env[0]));
		env[i] = strdup(environment[i]);
		assert_non_null(env[i]);
	}
	env[i] = NULL;
	src.environ = env;
	r = config_load(&src, cfg_r, err);
	while (i > 0)
		free(env[--i]);
	if (fd >= 0) {
		close(fd);
		unlink(path);
		if (strncmp(err->text, path, strlen(path)) == 0) {
			/* The text gets shorter: the temporary name is the longer one. */
			memcpy(err->text, SOURCES_FILE, strlen(SOURCES_FILE));
			memmove(err->text + strlen(SOURCES_FILE), err->text + strlen(path),
				strlen(err->text + strlen(path)) + 1);
		}
	}
	return r;
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Must load. */
static inline struct config *
sources_good(const char *file, const char *const *settings, const char *const *environment)
{
	struct config *cfg;
	struct err err;

	if (sources_load(file, settings, environment, &cfg, &err) < 0)
		fail_msg("refused: %s", err.text);
	return cfg;
}

/* Must be refused with exactly this text. */
static inline void
sources_bad(const char *file, const char *const *settings, const char *const *environment, const char *text)
{
	struct config *cfg;
	struct err err;

	assert_int_equal(sources_load(file, settings, environment, &cfg, &err), ERR_INVALID);
	assert_null(cfg);
	assert_int_equal(err.code, ERR_INVALID);
	assert_string_equal(err.text, text);
}

#endif
