/*
 * writer.h - the bytes of HTTP answers; pure functions
 */
#ifndef HTTP_WRITER_H
#define HTTP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "http/parser.h"

#define HTTP_DATE_CAP 30
/* "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 section 5.6.7) and a NUL. */
void http_date_format(uint64_t wall_ms, char out_r[static HTTP_DATE_CAP]);

enum http_framing {
	HTTP_FRAMING_LENGTH,  /* Content-Length: content_length */
	HTTP_FRAMING_CHUNKED, /* Transfer-Encoding: chunked */
	HTTP_FRAMING_CLOSE,   /* the end of the connection is the end of the body */
	HTTP_FRAMING_NONE     /* no body can follow and none is announced (204, 304) */
};

struct http_reply_head {
	int status;
	const char *date;	  /* NULL: no Date */
	const char *content_type; /* NULL: no Content-Type */
	const struct http_field *fields;
	size_t n_fields;
	enum http_framing framing;
	uint64_t content_length;
	bool close;	 /* Connection: close */
	bool keep_alive; /* Connection: keep-alive, said to HTTP/1.0 clients only */
};

/*
 * Appends status line, fields and the empty line.  ERR_INVALID when a name is no token or a value holds a control byte
 * other than HTAB (no answer can be split by a value); *out is then as it was before.  ERR_NOMEM and ERR_LIMIT as
 * buf.h.
 */
int http_write_head(struct buf *out, const struct http_reply_head *head) MUST_CHECK;

#define HTTP_CHUNK_HEAD_CAP 20
/* Writes "1F4\r\n"; gives its length.  The data and a CRLF follow. */
size_t http_write_chunk_head(char out_r[static HTTP_CHUNK_HEAD_CAP], size_t len);

#define HTTP_LAST_CHUNK SLICE_LIT("0\r\n\r\n")
#define HTTP_CONTINUE SLICE_LIT("HTTP/1.1 100 Continue\r\n\r\n")

/* Whole answers without a Date, with Connection: close, for when nothing can be built.  They live for ever. */
#define HTTP_CANNED_500                                                                                                \
	SLICE_LIT("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
#define HTTP_CANNED_429                                                                                                \
	SLICE_LIT("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Type: text/plain\r\n"                   \
		  "Content-Length: 125\r\nConnection: close\r\n\r\n"                                                   \
		  "Too many connections from this address. Close one or try again later; the operator can raise "      \
		  "limits.connections_per_address.\n")
#define HTTP_CANNED_503                                                                                                \
	SLICE_LIT(                                                                                                     \
	    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

#endif
