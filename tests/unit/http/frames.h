/*
 * frames.h - bytes of one connection taken apart into requests, as the server's connection does it with parser and body
 *
 * Shared by the tests that hold a verdict against a table and by the program that another implementation is compared
 * with.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/body.h"
#include "http/parser.h"

#define FRAMES_FIELDS 128

struct frames {
	struct http_limits limits;
	struct http_field fields[FRAMES_FIELDS];
	struct http_parser parser;
	struct http_head head;
	struct http_body decoder;
	struct buf body;
	struct buf head_copy;
	size_t begin; /* of the present request's head */
	size_t at;    /* bytes before it belong to requests */
	bool in_body;
	bool has_ended; /* refused, or the last one */
	int status;	/* of the refusal; 0 = none */
	void (*on_request)(void *ctx, const struct http_head *head, struct slice body);
	void *ctx;
};

static inline void
frames_init(struct frames *f, void (*on_request)(void *ctx, const struct http_head *head, struct slice body), void *ctx)
{
	*f = (struct frames){.on_request = on_request, .ctx = ctx};
	http_limits_default(&f->limits);
	http_head_init(&f->head, f->fields, FRAMES_FIELDS);
	buf_init(&f->body, f->limits.body_bytes);
	buf_init(&f->head_copy, f->limits.head_bytes);
}

static inline void
frames_fini(struct frames *f)
{
	buf_fini(&f->body);
	buf_fini(&f->head_copy);
}

/* The head's bytes are kept: the next call may bring the connection's at another place. */
static inline void
frames_keep_head(struct frames *f, struct slice bytes)
{
	buf_clear(&f->head_copy);
	must(buf_put_slice(&f->head_copy, bytes) == 0);
	http_head_rebase(&f->head, bytes.ptr, f->head_copy.ptr);
}

/* One step with the bytes that are there; false: more are needed, or it has ended. */
static inline bool
frames_step(struct frames *f, struct slice in)
{
	struct slice rest = slice_sub(in, f->at, in.len);
	struct http_refusal why = {0, NULL};
	size_t used = 0;
	int r;

	if (!f->in_body) {
		r = rest.len > 0 ? http_parse_head(&f->parser, rest, &f->limits, &f->head, &used, &why) : ERR_AGAIN;
		if (r == 0) {
			frames_keep_head(f, slice_of(rest.ptr, used));
			http_body_init(&f->decoder, &f->head, &f->limits);
			buf_clear(&f->body);
			f->in_body = true;
			f->at += used;
			return true;
		}
	} else {
		r = http_body_feed(&f->decoder, rest, &f->body, &used, &why);
		f->at += used;
		if (r == 0) {
			f->in_body = false;
			f->parser = (struct http_parser){0};
			f->begin = f->at;
			f->has_ended = !f->head.keep_alive;
			f->on_request(f->ctx, &f->head, buf_slice(&f->body));
			return !f->has_ended;
		}
	}
	if (r != ERR_AGAIN) {
		f->status = why.status;
		f->has_ended = true;
	}
	return false;
}

/* All that can be said now that these bytes have come; called again with the same bytes and more behind them. */
static inline void
frames_feed(struct frames *f, struct slice in)
{
	while (!f->has_ended && frames_step(f, in)) {}
}

/* Something has come that is no whole request yet. */
static inline bool
frames_is_waiting(const struct frames *f, size_t len)
{
	return !f->has_ended && (f->in_body || len > f->begin);
}

#endif
