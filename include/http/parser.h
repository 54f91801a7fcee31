/*
 * parser.h - strict parser for HTTP/1.0 and HTTP/1.1 request heads; a pure function over bytes
 *
 * Stricter than RFC 9112 wherever tolerance has been used to smuggle requests: lines end in CRLF only; no obs-fold; no
 * control bytes; no space before the colon; single spaces in the request line; origin-form targets, or absolute-form
 * ones (RFC 9112 section 3.2.2) of http and https that name the same authority as Host; exactly one Host (at most one
 * on HTTP/1.0); at most one Content-Length, digits only; Transfer-Encoding is `chunked` or nothing, never on HTTP/1.0,
 * never beside Content-Length.  One empty line before the request line is skipped (RFC 9112 section 2.2).
 *
 * The verdict depends on the bytes only, never on how they were split into reads.
 */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"
#include "http/limits.h"

enum http_method {
	HTTP_GET,
	HTTP_POST,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_HEAD,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_METHOD_OTHER /* a well-formed name that is none of these; names are case-sensitive */
};

struct http_field {
	struct slice name;  /* as sent */
	struct slice value; /* without the white space around it; may hold bytes 0x80-0xFF, never a control but HTAB */
};

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED };

/* What this server asks heads for: found once, while a head is parsed. */
enum http_known {
	HTTP_FIELD_OTHER, /* none of these */
	HTTP_FIELD_HOST,
	HTTP_FIELD_CONNECTION,
	HTTP_FIELD_CONTENT_LENGTH,
	HTTP_FIELD_TRANSFER_ENCODING,
	HTTP_FIELD_EXPECT,
	HTTP_FIELD_CONTENT_TYPE,
	HTTP_FIELD_CONTENT_ENCODING,
	HTTP_FIELD_ACCEPT,
	HTTP_FIELD_ORIGIN,
	HTTP_FIELD_AUTHORIZATION,
	HTTP_FIELD_REQUEST_HEADERS, /* Access-Control-Request-Headers */
	HTTP_FIELD_LAST_EVENT_ID,
	HTTP_FIELD_MCP_PROTOCOL_VERSION,
	HTTP_FIELD_MCP_SESSION_ID,
	HTTP_FIELD_MCP_METHOD,
	HTTP_FIELD_MCP_NAME,
	HTTP_FIELD_MCP_PARAM, /* any Mcp-Param-* */
	HTTP_FIELD_FORWARDED, /* Forwarded, X-Real-IP, any X-Forwarded-* */
	HTTP_FIELDS_KNOWN
};

/* All slices point into the parsed bytes. */
struct http_head {
	enum http_method method;
	struct slice method_text;
	struct slice target; /* as sent: path and query together, or an absolute URI */
	struct slice path;   /* begins with '/' */
	struct slice query;  /* without '?'; .ptr is NULL when there is no '?' */
	bool is_http10;	     /* else 1.1 (a higher minor version counts as 1.1) */
	bool keep_alive;     /* what version and Connection field ask for */
	bool expect_continue;
	enum http_body_kind body; /* Content-Length: 0 is HTTP_BODY_NONE */
	uint64_t content_length;
	struct slice host; /* host[:port], syntax checked, of Host or the target; empty on HTTP/1.0 without either */
	struct http_field *fields;
	size_t n_fields;
	size_t fields_cap;
	struct {
		uint32_t n;	/* how often such a field stands here */
		uint32_t first; /* where the first of them stands */
	} known[HTTP_FIELDS_KNOWN];
};

/* Why a request is refused: the HTTP status to answer with and one constant sentence without request bytes. */
struct http_refusal {
	int status; /* 400, 408, 413, 414, 417, 431, 501, 503 or 505 */
	const char *reason;
};

/* How far earlier calls came.  All zero at the start of each request. */
struct http_parser {
	size_t scan;	/* bytes before this offset have been looked at */
	size_t line;	/* where the unfinished line begins */
	uint32_t lines; /* whole lines seen, the request line included */
};

/* Gives the head room for its fields.  `fields` is borrowed and must live as long as the head. */
void http_head_init(struct http_head *head, struct http_field *fields, size_t cap);

/*
 * Looks for a whole head at the start of `in`, which must begin with the same bytes as in the calls before (it may have
 * moved).  Each call looks at the new bytes only.
 *   0            the head is whole: *head is filled, *consumed_r bytes of `in` belong to it
 *   ERR_AGAIN    nothing wrong so far; call again with more bytes
 *   ERR_INVALID  refused: *why_r says how to answer; the connection cannot be used for a further request
 */
int http_parse_head(struct http_parser *parser, struct slice in, const struct http_limits *limits,
		    struct http_head *head, size_t *consumed_r, struct http_refusal *why_r) MUST_CHECK;

/* The parsed bytes were copied from `from` to `to`: makes the slices of *head follow. */
void http_head_rebase(struct http_head *head, const char *from, const char *to);

/* The value of the first field of that kind, SLICE_NONE without one; and how many there are. */
static inline struct slice
http_head_value(const struct http_head *head, enum http_known which)
{
	return head->known[which].n > 0 ? head->fields[head->known[which].first].value : SLICE_NONE;
}

static inline size_t
http_head_has(const struct http_head *head, enum http_known which)
{
	return head->known[which].n;
}

/* The same for any name (case-insensitive): the first field or NULL. */
const struct http_field *http_head_find(const struct http_head *head, const char *name);
size_t http_head_count(const struct http_head *head, const char *name);

/* True when a comma-separated list such as "a, B" holds the token (case-insensitive). */
bool http_list_has(struct slice list, const char *token);

#endif
