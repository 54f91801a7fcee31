/*
 * log.h - one JSON object per line, to standard error or a file
 *
 *   {"time":"2026-11-22T10:16:57.123Z","level":"info","role":"worker","pid":4711,"slot":2,"event":"request",...}
 *
 * Writing never blocks: when the sink is full the line is dropped and counted, and the next line that gets through says
 * how many were lost ("dropped":n).  There is no way to log a struct secret.  Lines are at most LOG_LINE_MAX bytes;
 * longer text fields are cut and marked with "...".  A text has half of what is left of the line, the last field all of
 * it; a field for which nothing is left is left out.  Keys and event names are our own plain words: keys are not
 * escaped.
 *
 * A process that tells its clients in batches may let lines wait for a moment: see log_hold().
 *
 *   log_write(LOG_INFO, "login", LOG_STR("store", name), LOG_U64("ms", took), LOG_END);
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/slice.h"

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

enum log_kind { LOG_KIND_END, LOG_KIND_STR, LOG_KIND_SLICE, LOG_KIND_I64, LOG_KIND_U64, LOG_KIND_BOOL };

struct log_field {
	enum log_kind kind;
	const char *key;
	size_t key_len;
	union {
		const char *str; /* NULL: the field is left out */
		struct slice slice;
		int64_t i64;
		uint64_t u64;
		bool boolean;
	} value;
};

#define LOG_LINE_MAX 4096

#define LOG_STR(k, v) ((struct log_field){LOG_KIND_STR, (k), strlen(k), {.str = (v)}})
#define LOG_SLICE(k, v) ((struct log_field){LOG_KIND_SLICE, (k), strlen(k), {.slice = (v)}})
#define LOG_I64(k, v) ((struct log_field){LOG_KIND_I64, (k), strlen(k), {.i64 = (v)}})
#define LOG_U64(k, v) ((struct log_field){LOG_KIND_U64, (k), strlen(k), {.u64 = (v)}})
#define LOG_BOOL(k, v) ((struct log_field){LOG_KIND_BOOL, (k), strlen(k), {.boolean = (v)}})
#define LOG_END ((struct log_field){LOG_KIND_END, NULL, 0, {.str = NULL}})

/* log_write(level, event, fields..., LOG_END).  The level is looked at before the fields are formatted. */
#define log_write(level, event, ...)                                                                                   \
	do {                                                                                                           \
		if (log_is_on(level))                                                                                  \
			log_emit((level), (event), (const struct log_field[]){__VA_ARGS__});                           \
	} while (0)

/*
 * Once per process; before that, notices and worse go to standard error.  `fd` and `role` are borrowed; a negative slot
 * or a NULL role is left out.  The descriptor's flags are not touched.  The process ignores SIGPIPE.
 */
void log_init(int fd, enum log_level level, const char *role, int slot);
void log_set_fd(int fd); /* after a reopen */
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);
void log_emit(enum log_level level, const char *event, const struct log_field *fields);

/*
 * From now on lines up to LOG_NOTICE wait for log_flush(), in order, up to 64 KiB of them, where the sink is a file or
 * a socket.  Warnings and worse take along what waits before them.  Whoever holds flushes before anybody is told what
 * the lines are about, and before the process ends; log_flush() is safe in a signal handler.
 */
void log_hold(bool hold);
void log_flush(void);

uint64_t log_dropped(void); /* lines lost since log_init(), also those that were reported */

/* What libevent has to say (event_set_log_callback()): one line each, as all others. */
void log_libevent(int severity, const char *text);

const char *log_level_name(enum log_level level);

#endif
