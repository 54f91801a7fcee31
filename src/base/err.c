/*
 * err.c - refusals with a text, and the end of a process that found a bug in itself
 *
 * The hook is process-global: must() has no argument to carry it, and it must work anywhere.
 */
#include "base/err.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*fail_hook)(const char *text);

/* A text that was cut may end in the middle of a UTF-8 character; that part is taken away. */
static void
drop_partial_character(char *text)
{
	size_t len = strlen(text);
	size_t tail = 0;
	unsigned char lead;
	size_t want;

	while (tail < len && tail < 3 && ((unsigned char)text[len - 1 - tail] & 0xC0) == 0x80)
		tail++;
	if (tail == len)
		return;
	lead = (unsigned char)text[len - 1 - tail];
	want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
	if (tail + 1 < want)
		text[len - 1 - tail] = '\0';
}

/* Formats beside *err first, because the arguments may well be the text that is there. */
static void set_text(struct err *err, const char *suffix, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

static void
set_text(struct err *err, const char *suffix, const char *fmt, va_list ap)
{
	char text[ERR_TEXT_MAX];
	size_t used;
	int n;

	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		text[0] = '\0';
	used = strlen(text);
	n += snprintf(text + used, sizeof(text) - used, "%s", suffix);
	if (n >= (int)sizeof(text))
		drop_partial_character(text);
	memcpy(err->text, text, sizeof(text));
}

int
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	set_text(err, "", fmt, ap);
	va_end(ap);
	err->code = code;
	return code;
}

int
err_set_errno(struct err *err, enum err_code code, int errno_value, const char *fmt, ...)
{
	char reason[128];
	char suffix[160];
	va_list ap;

	if (err == NULL)
		return code;
	snprintf(suffix, sizeof(suffix), ": %s", strerror_r(errno_value, reason, sizeof(reason)));
	va_start(ap, fmt);
	set_text(err, suffix, fmt, ap);
	va_end(ap);
	err->code = code;
	return code;
}

int
err_prefix(struct err *err, const char *fmt, ...)
{
	char rest[ERR_TEXT_MAX + 2];
	va_list ap;

	if (err == NULL)
		return ERR_INVALID;
	snprintf(rest, sizeof(rest), ": %s", err->text);
	va_start(ap, fmt);
	set_text(err, rest, fmt, ap);
	va_end(ap);
	return err->code;
}

const char *
err_name(int code)
{
	static const char *const names[] = {
	    [-ERR_OK] = "ok",
	    [-ERR_NOMEM] = "nomem",
	    [-ERR_FULL] = "full",
	    [-ERR_LIMIT] = "limit",
	    [-ERR_NOT_FOUND] = "not_found",
	    [-ERR_INVALID] = "invalid",
	    [-ERR_IO] = "io",
	    [-ERR_TIMEOUT] = "timeout",
	    [-ERR_CANCELLED] = "cancelled",
	    [-ERR_AGAIN] = "again",
	    [-ERR_CLOSED] = "closed",
	    [-ERR_DENIED] = "denied",
	    [-ERR_EXISTS] = "exists",
	    [-ERR_CORRUPT] = "corrupt",
	    [-ERR_NETWORK] = "network",
	    [-ERR_UNSUPPORTED] = "unsupported",
	};

	if (code > 0 || code <= -(int)ARRAY_LEN(names))
		return "unknown";
	return names[-code];
}

/* Dying must not hang on a reader who does not read. */
static void
write_last_words(const char *text, size_t len)
{
	struct pollfd sink = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t n;

	if (poll(&sink, 1, 0) != 1 || !(sink.revents & POLLOUT))
		return;
	n = write(STDERR_FILENO, text, len);
	(void)n;
}

void
must_fail(const char *file, int line, const char *claim)
{
	void (*hook)(const char *text) = fail_hook;
	char text[ERR_TEXT_MAX];
	size_t len;

	fail_hook = NULL; /* a hook that fails itself must not be entered again */
	snprintf(text, sizeof(text) - 1, "%s:%d: must(%s) does not hold", file, line, claim);
	if (hook != NULL)
		hook(text);
	len = strlen(text);
	text[len] = '\n';
	write_last_words(text, len + 1);
	abort();
}

void
must_set_hook(void (*hook)(const char *text))
{
	fail_hook = hook;
}
