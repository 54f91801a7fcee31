/*
 * err.h - how functions fail
 *
 * Three kinds of failure, three mechanisms:
 *   a bug       must(): writes last words and aborts the process; never on input, never on allocation failure
 *   a shortage  a negative enum err_code up the stack (ERR_NOMEM, ERR_FULL, ERR_IO ...); the process lives
 *   a refusal   a negative code and a struct err whose text is safe to show
 *
 * Functions return 0 (or a count) or a negative enum err_code.  errno does not cross module borders.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

#include "base/compiler.h"

enum err_code {
	ERR_OK = 0,
	ERR_NOMEM = -1,	    /* allocation failed */
	ERR_FULL = -2,	    /* table, queue or file system has no room */
	ERR_LIMIT = -3,	    /* a configured or built-in maximum was exceeded */
	ERR_NOT_FOUND = -4, /* no such thing, expired, or not the caller's */
	ERR_INVALID = -5,   /* input breaks the rules */
	ERR_IO = -6,	    /* a system call failed; the text says which */
	ERR_TIMEOUT = -7,   /* a deadline passed */
	ERR_CANCELLED = -8, /* the caller went away or asked to stop */
	ERR_AGAIN = -9,	    /* more bytes, or a later try, are needed */
	ERR_CLOSED = -10,   /* the peer closed */
	ERR_DENIED = -11,   /* not allowed */
	ERR_EXISTS = -12,   /* already there */
	ERR_CORRUPT = -13,  /* stored bytes fail their checksum or layout */
	ERR_NETWORK = -14,  /* the upstream could not be reached */
	ERR_UNSUPPORTED = -15
};

#define ERR_TEXT_MAX 512

/* A refusal.  `text` is one or two sentences that are safe to show to whoever asked: what is wrong, then the cure. */
struct err {
	enum err_code code;
	char text[ERR_TEXT_MAX];
};

/*
 * Fills *err (NULL is allowed) and gives back `code`, so that `return err_set(err, ERR_INVALID, ...)` reads well.  The
 * arguments may point into err->text.  A text that is too long is cut between two characters.
 */
COLD int err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Like err_set, with ": strerror(errno_value)" appended. */
COLD int err_set_errno(struct err *err, enum err_code code, int errno_value, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Puts `prefix: ` before the text that is there.  Gives back err->code, or ERR_INVALID when err is NULL. */
COLD int err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A constant word for a code, for logs and metrics ("nomem", "full", ...). */
const char *err_name(int code);

/*
 * must(cond): a claim about our own code.  When it is false the hook set by must_set_hook() is given the text (a worker
 * leaves it as last words in the board), then it goes to standard error and the process aborts.
 */
#define must(cond) ((cond) ? (void)0 : must_fail(__FILE__, __LINE__, #cond))

COLD NO_RETURN void must_fail(const char *file, int line, const char *claim);
void must_set_hook(void (*hook)(const char *text));

#endif
