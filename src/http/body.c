/*
 * body.c - the decoder's state machine: one switch per framing byte, whole blocks for data
 */
#include "http/body.h"

#include "base/enc.h"
#include "base/err.h"
#include "http/grammar.h"

#define SIZE_DIGITS_MAX 16

enum state {
	STATE_DONE,
	STATE_LENGTH, /* data, body->left bytes of it */
	STATE_SIZE,   /* hexadecimal digits */
	STATE_EXTENSION,
	STATE_SIZE_LF,
	STATE_DATA, /* of a chunk */
	STATE_DATA_CR,
	STATE_DATA_LF,
	STATE_TRAILER_START,
	STATE_TRAILER_NAME,
	STATE_TRAILER_VALUE,
	STATE_TRAILER_LF,
	STATE_END_LF
};

void
http_body_init(struct http_body *body, const struct http_head *head, const struct http_limits *limits)
{
	*body = (struct http_body){.max = limits->body_bytes, .extra_left = limits->chunk_extra_bytes};
	if (head->body == HTTP_BODY_CHUNKED)
		body->state = STATE_SIZE;
	if (head->body == HTTP_BODY_LENGTH) {
		body->state = STATE_LENGTH;
		body->left = head->content_length;
	}
}

static int
refuse(struct http_refusal *why, int status, const char *reason)
{
	why->status = status;
	why->reason = reason;
	return ERR_INVALID;
}

static int
take_size_digit(struct http_body *body, int value, struct http_refusal *why)
{
	if (body->digits == SIZE_DIGITS_MAX)
		return refuse(why, 400, "A chunk size has too many digits.");
	body->digits++;
	body->left = body->left << 4 | (uint64_t)value;
	return 0;
}

/* The size is known: is there room for so much? */
static int
end_size(struct http_body *body, char c, struct http_refusal *why)
{
	if (body->digits == 0 || (c != '\r' && c != ';'))
		return refuse(why, 400, "A chunk size is not a hexadecimal number.");
	if (body->left > body->max - body->total)
		return refuse(why, 413, "The request body is too large.");
	body->total += body->left;
	body->state = c == ';' ? STATE_EXTENSION : STATE_SIZE_LF;
	return 0;
}

static int
take_size(struct http_body *body, char c, struct http_refusal *why)
{
	int value = enc_hex_value(c);

	return value >= 0 ? take_size_digit(body, value, why) : end_size(body, c, why);
}

/* A byte of an extension or a trailer, which is checked, counted and forgotten. */
static int
take_extra(struct http_body *body, bool is_fine, struct http_refusal *why)
{
	if (!is_fine)
		return refuse(why, 400, "A chunk extension or trailer holds a forbidden character.");
	if (body->extra_left == 0)
		return refuse(why, 400, "Chunk extensions and trailers are too large.");
	body->extra_left--;
	return 0;
}

static int
take_trailer_name(struct http_body *body, char c, struct http_refusal *why)
{
	bool is_end = c == ':' && body->state == STATE_TRAILER_NAME;

	body->state = is_end ? STATE_TRAILER_VALUE : STATE_TRAILER_NAME;
	return take_extra(body, is_end || grammar_is_tchar(c), why);
}

static int
expect_byte(struct http_body *body, char c, char wanted, enum state next, struct http_refusal *why)
{
	if (c != wanted)
		return refuse(why, 400, "A line of the chunked body does not end in CRLF.");
	body->state = next;
	return 0;
}

static void
end_size_line(struct http_body *body)
{
	body->state = body->left > 0 ? STATE_DATA : STATE_TRAILER_START;
	body->digits = 0;
}

/* One byte outside the data. */
static int
take_byte(struct http_body *body, char c, struct http_refusal *why)
{
	int r;

	switch ((enum state)body->state) {
	case STATE_SIZE:
		return take_size(body, c, why);
	case STATE_EXTENSION:
		if (c == '\r')
			return expect_byte(body, c, '\r', STATE_SIZE_LF, why);
		return take_extra(body, grammar_is_text(c), why);
	case STATE_SIZE_LF:
		r = expect_byte(body, c, '\n', STATE_DATA, why);
		if (r == 0)
			end_size_line(body);
		return r;
	case STATE_DATA_CR:
		return expect_byte(body, c, '\r', STATE_DATA_LF, why);
	case STATE_DATA_LF:
		return expect_byte(body, c, '\n', STATE_SIZE, why);
	case STATE_TRAILER_START:
		if (c == '\r')
			return expect_byte(body, c, '\r', STATE_END_LF, why);
		return take_trailer_name(body, c, why);
	case STATE_TRAILER_NAME:
		return take_trailer_name(body, c, why);
	case STATE_TRAILER_VALUE:
		if (c == '\r')
			return expect_byte(body, c, '\r', STATE_TRAILER_LF, why);
		return take_extra(body, grammar_is_text(c), why);
	case STATE_TRAILER_LF:
		return expect_byte(body, c, '\n', STATE_TRAILER_START, why);
	case STATE_END_LF:
		return expect_byte(body, c, '\n', STATE_DONE, why);
	case STATE_DONE:
	case STATE_LENGTH:
	case STATE_DATA:
		break;
	}
	must(!"a data state in take_byte");
	return ERR_INVALID;
}

/* As much data as there is. */
static int
take_data(struct http_body *body, struct slice in, struct buf *out, size_t *used_r, struct http_refusal *why)
{
	size_t n = in.len < body->left ? in.len : (size_t)body->left;
	int r = buf_put(out, in.ptr, n);

	if (r < 0) {
		refuse(why, 503, "There is no memory for the request body.");
		return ERR_NOMEM;
	}
	*used_r += n;
	body->left -= n;
	if (body->left == 0)
		body->state = body->state == STATE_LENGTH ? STATE_DONE : STATE_DATA_CR;
	return 0;
}

int
http_body_feed(struct http_body *body, struct slice in, struct buf *out, size_t *used_r, struct http_refusal *why_r)
{
	size_t used = 0;
	int r = 0;

	while (r == 0 && used < in.len && body->state != STATE_DONE) {
		if (body->state == STATE_LENGTH || body->state == STATE_DATA) {
			r = take_data(body, slice_sub(in, used, in.len), out, &used, why_r);
		} else {
			r = take_byte(body, in.ptr[used], why_r);
			used++;
		}
	}
	*used_r = used;
	if (r < 0)
		return r;
	return body->state == STATE_DONE ? 0 : ERR_AGAIN;
}

uint64_t
http_body_wants(const struct http_body *body)
{
	return body->state == STATE_LENGTH || body->state == STATE_DATA ? body->left : 0;
}
