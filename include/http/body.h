/*
 * body.h - strict incremental decoder of request bodies; a pure function over bytes
 *
 * Content-Length and chunked.  Chunk sizes are 1 to 16 hexadecimal digits; extensions and trailers are bounded, checked
 * for forbidden bytes and thrown away; every line ends in CRLF.  The verdict does not depend on how the bytes were
 * split.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "http/limits.h"
#include "http/parser.h"

/* The caller's storage; its members are private. */
struct http_body {
	uint8_t state;
	uint8_t digits;	     /* of the chunk size */
	uint64_t left;	     /* data bytes still to come, of the body or of the chunk */
	uint64_t total;	     /* data bytes promised so far */
	uint64_t max;	     /* most data bytes allowed */
	uint64_t extra_left; /* bytes that extensions and trailers may still use */
};

void http_body_init(struct http_body *body, const struct http_head *head, const struct http_limits *limits);

/*
 * Decodes bytes that follow the ones given before and appends the data to *out (whose maximum must be at least
 * limits->body_bytes).
 *   0            the body is whole; *used_r bytes of `in` belonged to it
 *   ERR_AGAIN    all of `in` was used, more is needed
 *   ERR_INVALID  malformed (400) or too large (413): *why_r says how to answer; the connection must close afterwards
 *   ERR_NOMEM    no memory for the data: *why_r says 503; the connection must close afterwards
 */
int http_body_feed(struct http_body *body, struct slice in, struct buf *out, size_t *used_r,
		   struct http_refusal *why_r) MUST_CHECK;

/* How many of the next bytes are certain to be data of this body (0 when the next byte may be framing). */
uint64_t http_body_wants(const struct http_body *body);

#endif
