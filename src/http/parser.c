/*
 * parser.c - request heads, line by line
 */
#include "http/parser.h"

#include <string.h>

#include "http/grammar.h"

/* Longest method name plus two spaces and the version: what a request line may hold beside its target. */
#define METHOD_MAX 32
#define REQUEST_LINE_EXTRA (METHOD_MAX + 2 + 8)

static int
refuse(struct http_refusal *why, int status, const char *reason)
{
	why->status = status;
	why->reason = reason;
	return ERR_INVALID;
}

void
http_head_init(struct http_head *head, struct http_field *fields, size_t cap)
{
	*head = (struct http_head){.fields = fields, .fields_cap = cap};
}

/* Text up to `end`, from `i` on, needs no look byte by byte, unless a carriage return stands before it. */
static size_t
skip_text(struct slice in, size_t i, size_t start, size_t end)
{
	if (end > in.len)
		end = in.len;
	if (i >= end || (i > start && in.ptr[i - 1] == '\r'))
		return i;
	return i + grammar_text_run(slice_of(in.ptr + i, end - i));
}

/*
 * Finds the end of the present line.  Every byte is judged in order and by its predecessors only, which is what makes
 * the verdict independent of how the input was split.  0 with the line, without its CRLF, and the parser moved behind
 * it.
 */
static int
scan_line(struct http_parser *parser, struct slice in, const struct http_limits *limits, struct slice *line_r,
	  struct http_refusal *why)
{
	size_t start = parser->line;
	bool is_first = parser->lines == 0;
	size_t line_max = is_first ? limits->target_bytes + REQUEST_LINE_EXTRA : limits->field_bytes;
	size_t end = start + line_max < limits->head_bytes ? start + line_max : limits->head_bytes;

	for (size_t i = skip_text(in, parser->scan, start, end); i < in.len; i++) {
		char c = in.ptr[i];

		if (i >= limits->head_bytes)
			return refuse(why, 431, "The request head is too large.");
		if (i > start && in.ptr[i - 1] == '\r') {
			if (c != '\n')
				return refuse(why, 400, "The request head holds a carriage return without line feed.");
			*line_r = slice_of(in.ptr + start, i - 1 - start);
			parser->line = parser->scan = i + 1;
			return 0;
		}
		if (c == '\r')
			continue;
		if (!grammar_is_text(c))
			return c == '\n' ? refuse(why, 400, "A line of the request head ends without carriage return.")
					 : refuse(why, 400, "The request head holds a control character.");
		if (i - start >= line_max)
			return is_first ? refuse(why, 414, "The request target is too long.")
					: refuse(why, 431, "A header field is too large.");
	}
	parser->scan = in.len;
	return ERR_AGAIN;
}

static enum http_method
method_of(struct slice name)
{
	static const char *const names[] = {
	    [HTTP_GET] = "GET",	  [HTTP_POST] = "POST", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS",
	    [HTTP_HEAD] = "HEAD", [HTTP_PUT] = "PUT",	[HTTP_PATCH] = "PATCH",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_is(name, names[i]))
			return (enum http_method)i;
	}
	return HTTP_METHOD_OTHER;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
parse_version(struct slice version, struct http_head *head, struct http_refusal *why)
{
	const char *v = version.ptr;

	if (version.len != 8 || memcmp(v, "HTTP/", 5) != 0 || !is_digit(v[5]) || v[6] != '.' || !is_digit(v[7]))
		return refuse(why, 400, "The request line does not end in an HTTP version.");
	if (v[5] != '1')
		return refuse(why, 505, "Only HTTP/1.0 and HTTP/1.1 are served.");
	head->is_http10 = v[7] == '0';
	return 0;
}

static void
set_path(struct http_head *head, struct slice path_and_query)
{
	ptrdiff_t query = slice_find(path_and_query, '?');

	head->path = query < 0 ? path_and_query : slice_sub(path_and_query, 0, (size_t)query);
	head->query = query < 0 ? SLICE_NONE : slice_sub(path_and_query, (size_t)query + 1, path_and_query.len);
}

/* An empty path is "/" (RFC 9110 section 4.2.3): the last one before the authority, since paths lie in the bytes. */
static bool
set_absolute(struct http_head *head, struct slice target)
{
	struct slice rest;

	if (!grammar_split_absolute(target, &head->host, &rest))
		return false;
	set_path(head, rest);
	if (head->path.len == 0)
		head->path = slice_of(head->host.ptr - 1, 1);
	return true;
}

static int
parse_target(struct slice target, struct http_head *head, struct http_refusal *why)
{
	head->target = target;
	if (grammar_is_target(target))
		set_path(head, target);
	else if (!set_absolute(head, target))
		return refuse(why, 400,
			      "The request target must be a path or an http address, with or without a query.");
	return 0;
}

static int
parse_request_line(struct slice line, const struct http_limits *limits, struct http_head *head,
		   struct http_refusal *why)
{
	struct slice rest = line;
	struct slice method, target;
	int r;

	if (!slice_next(&rest, ' ', &method) || !grammar_is_token(method))
		return refuse(why, 400, "The request line does not begin with a method.");
	if (!slice_next(&rest, ' ', &target) || rest.ptr == NULL)
		return refuse(why, 400, "The request line is not METHOD TARGET VERSION with single spaces.");
	r = parse_version(rest, head, why);
	if (r < 0)
		return r;
	if (method.len > METHOD_MAX)
		return refuse(why, 501, "The request method is not known.");
	if (target.len > limits->target_bytes)
		return refuse(why, 414, "The request target is too long.");
	head->method = method_of(method);
	head->method_text = method;
	return parse_target(target, head, why);
}

#define FOLDED(word) ((word)&0xDFDFDFDFDFDFDFDFu)

static inline uint64_t
load4(const char *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static inline uint64_t
load8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/*
 * `name` is as long as `known`, which is at least four letters and hyphens.  Letters differ from their other case in
 * one bit; a hyphen so changed would be a carriage return, which no line holds.  What is left over at the end is looked
 * at together with bytes before it.  Inline: the lengths are known to the compiler.
 */
static inline bool
is_field(const char *name, const char *known, size_t len)
{
	if (len < 8)
		return FOLDED(load4(name) ^ load4(known)) == 0 &&
		       FOLDED(load4(name + len - 4) ^ load4(known + len - 4)) == 0;
	for (size_t i = 0; i + 8 < len; i += 8) {
		if (FOLDED(load8(name + i) ^ load8(known + i)) != 0)
			return false;
	}
	return FOLDED(load8(name + len - 8) ^ load8(known + len - 8)) == 0;
}

#define IS_FIELD(name, known) is_field((name).ptr, (known), sizeof(known) - 1)

static enum http_known
known_by_beginning(struct slice name)
{
	if (name.len > 12 && IS_FIELD(name, "X-Forwarded-"))
		return HTTP_FIELD_FORWARDED;
	if (name.len >= 10 && IS_FIELD(name, "Mcp-Param-"))
		return HTTP_FIELD_MCP_PARAM;
	return HTTP_FIELD_OTHER;
}

static enum http_known
known_of(struct slice name)
{
	switch (name.len) {
	case 4:
		return IS_FIELD(name, "Host") ? HTTP_FIELD_HOST : HTTP_FIELD_OTHER;
	case 6:
		return IS_FIELD(name, "Accept")	  ? HTTP_FIELD_ACCEPT
		       : IS_FIELD(name, "Origin") ? HTTP_FIELD_ORIGIN
		       : IS_FIELD(name, "Expect") ? HTTP_FIELD_EXPECT
						  : HTTP_FIELD_OTHER;
	case 8:
		return IS_FIELD(name, "Mcp-Name") ? HTTP_FIELD_MCP_NAME : HTTP_FIELD_OTHER;
	case 9:
		return IS_FIELD(name, "Forwarded") || IS_FIELD(name, "X-Real-IP") ? HTTP_FIELD_FORWARDED
										  : HTTP_FIELD_OTHER;
	case 10:
		return IS_FIELD(name, "Connection")   ? HTTP_FIELD_CONNECTION
		       : IS_FIELD(name, "Mcp-Method") ? HTTP_FIELD_MCP_METHOD
						      : known_by_beginning(name);
	case 12:
		return IS_FIELD(name, "Content-Type") ? HTTP_FIELD_CONTENT_TYPE : known_by_beginning(name);
	case 13:
		return IS_FIELD(name, "Authorization")	 ? HTTP_FIELD_AUTHORIZATION
		       : IS_FIELD(name, "Last-Event-ID") ? HTTP_FIELD_LAST_EVENT_ID
							 : known_by_beginning(name);
	case 14:
		return IS_FIELD(name, "Content-Length")	  ? HTTP_FIELD_CONTENT_LENGTH
		       : IS_FIELD(name, "Mcp-Session-Id") ? HTTP_FIELD_MCP_SESSION_ID
							  : known_by_beginning(name);
	case 16:
		return IS_FIELD(name, "Content-Encoding") ? HTTP_FIELD_CONTENT_ENCODING : known_by_beginning(name);
	case 17:
		return IS_FIELD(name, "Transfer-Encoding") ? HTTP_FIELD_TRANSFER_ENCODING : known_by_beginning(name);
	case 20:
		return IS_FIELD(name, "MCP-Protocol-Version") ? HTTP_FIELD_MCP_PROTOCOL_VERSION
							      : known_by_beginning(name);
	case 30:
		return IS_FIELD(name, "Access-Control-Request-Headers") ? HTTP_FIELD_REQUEST_HEADERS
									: known_by_beginning(name);
	default:
		return known_by_beginning(name);
	}
}

static void
note_field(struct http_head *head, enum http_known which)
{
	if (head->known[which].n++ == 0)
		head->known[which].first = (uint32_t)head->n_fields;
}

/* Nearly all values have one space before them and none behind. */
static struct slice
trim_value(struct slice value)
{
	if (value.len > 1 && value.ptr[0] == ' ') {
		value.ptr++;
		value.len--;
	}
	return value.len > 0 && value.ptr[0] > ' ' && value.ptr[value.len - 1] > ' ' ? value : slice_trim(value);
}

static int
parse_field(struct slice line, struct http_head *head, struct http_refusal *why)
{
	ptrdiff_t colon = slice_find(line, ':');
	enum http_known which;
	struct slice name;

	if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
		return refuse(why, 400, "A header field is continued on a second line.");
	if (colon < 0)
		return refuse(why, 400, "A header field has no colon.");
	name = slice_sub(line, 0, (size_t)colon);
	which = known_of(name);
	if (which == HTTP_FIELD_OTHER || which == HTTP_FIELD_MCP_PARAM || which == HTTP_FIELD_FORWARDED) {
		if (!grammar_is_token(name))
			return refuse(why, 400, "A header field's name holds a space or another forbidden character.");
	}
	note_field(head, which);
	head->fields[head->n_fields] = (struct http_field){
	    .name = name,
	    .value = trim_value(slice_sub(line, (size_t)colon + 1, line.len)),
	};
	head->n_fields++;
	return 0;
}

/* Takes whole lines up to the empty one that ends the head. */
static int
take_lines(struct http_parser *parser, struct slice in, const struct http_limits *limits, struct http_head *head,
	   struct http_refusal *why)
{
	size_t fields_max = limits->fields_max < head->fields_cap ? limits->fields_max : head->fields_cap;

	for (;;) {
		bool is_start = parser->line == 0;
		struct slice line;
		int r = scan_line(parser, in, limits, &line, why);

		if (r < 0)
			return r;
		if (line.len == 0 && parser->lines > 0)
			return 0;
		if (line.len == 0 && is_start)
			continue;
		if (parser->lines > fields_max)
			return refuse(why, 431, "There are too many header fields.");
		r = parser->lines == 0 ? parse_request_line(line, limits, head, why) : parse_field(line, head, why);
		if (r < 0)
			return r;
		parser->lines++;
	}
}

/* What decides about framing and routing must not come twice. */
static bool
has_twice(const struct http_head *head)
{
	return http_head_has(head, HTTP_FIELD_HOST) > 1 || http_head_has(head, HTTP_FIELD_CONTENT_LENGTH) > 1 ||
	       http_head_has(head, HTTP_FIELD_TRANSFER_ENCODING) > 1 || http_head_has(head, HTTP_FIELD_EXPECT) > 1;
}

/* May come more than once. */
static bool
connection_has(const struct http_head *head, const char *option)
{
	size_t left = http_head_has(head, HTTP_FIELD_CONNECTION);

	for (size_t i = head->known[HTTP_FIELD_CONNECTION].first; left > 0; i++) {
		const struct http_field *field = &head->fields[i];

		if (!slice_is_nocase(field->name, "Connection"))
			continue;
		if (http_list_has(field->value, option))
			return true;
		left--;
	}
	return false;
}

/*
 * The authority of an absolute-form target stands for Host.  A Host that says something else is not overruled but
 * refused: somebody in front may have judged by the other one.
 */
static int
judge_host(struct http_head *head, struct http_refusal *why)
{
	struct slice host = http_head_value(head, HTTP_FIELD_HOST);

	if (host.ptr == NULL)
		return head->is_http10 ? 0 : refuse(why, 400, "The Host header field is missing.");
	if (!grammar_is_host(host))
		return refuse(why, 400, "The Host header field is not a host name with or without a port.");
	if (head->host.ptr != NULL && !slice_eq_nocase(head->host, host))
		return refuse(why, 400, "The Host header field is not the host and port of the request target.");
	head->host = host;
	return 0;
}

static int
judge_length(struct http_head *head, struct slice value, const struct http_limits *limits, struct http_refusal *why)
{
	int r = slice_to_u64(value, limits->body_bytes, &head->content_length);

	if (r == ERR_LIMIT)
		return refuse(why, 413, "The request body is too large.");
	if (r < 0)
		return refuse(why, 400, "The Content-Length header field is not a number.");
	head->body = head->content_length > 0 ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
	return 0;
}

/* RFC 9112 section 6.1: a last coding other than chunked leaves the length open (400); codings before it we lack (501).
 */
static int
judge_coding(struct http_head *head, struct slice value, struct http_refusal *why)
{
	struct slice part;
	bool is_last_chunked = false;
	unsigned chunked = 0;

	head->body = HTTP_BODY_CHUNKED;
	if (head->is_http10)
		return refuse(why, 400, "Transfer-Encoding is not allowed in HTTP/1.0.");
	if (slice_is_nocase(value, "chunked"))
		return 0;
	while (slice_next(&value, ',', &part)) {
		is_last_chunked = slice_is_nocase(slice_trim(part), "chunked");
		chunked += is_last_chunked ? 1 : 0;
	}
	if (chunked == 1 && is_last_chunked)
		return refuse(why, 501, "The only Transfer-Encoding served is chunked.");
	return refuse(why, 400, "The Transfer-Encoding header field does not end in chunked.");
}

static int
judge_body(struct http_head *head, const struct http_limits *limits, struct http_refusal *why)
{
	struct slice length = http_head_value(head, HTTP_FIELD_CONTENT_LENGTH);
	struct slice coding = http_head_value(head, HTTP_FIELD_TRANSFER_ENCODING);

	if (length.ptr != NULL && coding.ptr != NULL)
		return refuse(why, 400, "Content-Length and Transfer-Encoding must not come together.");
	if (coding.ptr != NULL)
		return judge_coding(head, coding, why);
	if (length.ptr != NULL)
		return judge_length(head, length, limits, why);
	head->body = HTTP_BODY_NONE;
	return 0;
}

/* What the fields mean together, once all of them are there. */
static int
judge_head(struct http_head *head, const struct http_limits *limits, struct http_refusal *why)
{
	struct slice expect = http_head_value(head, HTTP_FIELD_EXPECT);
	int r;

	if (has_twice(head))
		return refuse(why, 400, "Host, Content-Length, Transfer-Encoding and Expect may come only once.");
	r = judge_host(head, why);
	if (r < 0)
		return r;
	r = judge_body(head, limits, why);
	if (r < 0)
		return r;
	head->keep_alive = !connection_has(head, "close") && (!head->is_http10 || connection_has(head, "keep-alive"));
	if (expect.ptr == NULL || head->is_http10)
		return 0;
	if (!slice_is_nocase(expect, "100-continue"))
		return refuse(why, 417, "The only expectation served is 100-continue.");
	head->expect_continue = head->body != HTTP_BODY_NONE;
	return 0;
}

int
http_parse_head(struct http_parser *parser, struct slice in, const struct http_limits *limits, struct http_head *head,
		size_t *consumed_r, struct http_refusal *why_r)
{
	struct http_parser fresh = {0};
	bool is_resumed = parser->lines > 0;
	int r;

	http_head_init(head, head->fields, head->fields_cap);
	r = take_lines(parser, in, limits, head, why_r);
	if (r == 0 && is_resumed) {
		/* The lines of earlier calls were judged but not kept: bytes may have moved since. */
		http_head_init(head, head->fields, head->fields_cap);
		r = take_lines(&fresh, in, limits, head, why_r);
	}
	if (r < 0)
		return r;
	*consumed_r = parser->line;
	return judge_head(head, limits, why_r);
}

static void
rebase(struct slice *s, const char *from, const char *to)
{
	if (s->ptr != NULL)
		s->ptr = to + (s->ptr - from);
}

void
http_head_rebase(struct http_head *head, const char *from, const char *to)
{
	rebase(&head->method_text, from, to);
	rebase(&head->target, from, to);
	rebase(&head->path, from, to);
	rebase(&head->query, from, to);
	rebase(&head->host, from, to);
	for (size_t i = 0; i < head->n_fields; i++) {
		rebase(&head->fields[i].name, from, to);
		rebase(&head->fields[i].value, from, to);
	}
}

const struct http_field *
http_head_find(const struct http_head *head, const char *name)
{
	struct slice wanted = slice_from_str(name);

	for (size_t i = 0; i < head->n_fields; i++) {
		if (slice_eq_nocase(head->fields[i].name, wanted))
			return &head->fields[i];
	}
	return NULL;
}

size_t
http_head_count(const struct http_head *head, const char *name)
{
	struct slice wanted = slice_from_str(name);
	size_t count = 0;

	for (size_t i = 0; i < head->n_fields; i++)
		count += slice_eq_nocase(head->fields[i].name, wanted) ? 1 : 0;
	return count;
}

bool
http_list_has(struct slice list, const char *token)
{
	struct slice part;

	while (slice_next(&list, ',', &part)) {
		if (slice_is_nocase(slice_trim(part), token))
			return true;
	}
	return false;
}
