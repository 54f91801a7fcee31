/*
 * writer.c - status lines, fields and chunk sizes
 */
#include "http/writer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "http/grammar.h"

/* Not strftime(): its names of days and months follow the locale. */
void
http_date_format(uint64_t wall_ms, char out_r[static HTTP_DATE_CAP])
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		seconds = 0;
		gmtime_r(&seconds, &tm);
	}
	snprintf(out_r, HTTP_DATE_CAP, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday],
		 (unsigned)tm.tm_mday % 100, months[tm.tm_mon], (unsigned)(tm.tm_year + 1900) % 10000,
		 (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static const struct {
	int status;
	const char *text;
} status_texts[] = {
    {200, "OK"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

/* "Not Found"; "Status" for a number without a name. */
static const char *
status_text(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(status_texts); i++) {
		if (status_texts[i].status == status)
			return status_texts[i].text;
	}
	return "Status";
}

static char *
copy(char *to, struct slice s)
{
	if (s.len > 0)
		memcpy(to, s.ptr, s.len);
	return to + s.len;
}

static void
put_field(struct buf *out, struct slice name, struct slice value)
{
	char *to;

	if (buf_reserve(out, name.len + value.len + 4) < 0)
		return;
	to = copy(out->ptr + out->len, name);
	to = copy(copy(to, SLICE_LIT(": ")), value);
	to = copy(to, SLICE_LIT("\r\n"));
	*to = '\0';
	out->len = (size_t)(to - out->ptr);
}

static bool
is_safe_field(struct slice name, struct slice value)
{
	return grammar_is_token(name) && grammar_text_run(value) == value.len;
}

static int
put_extra_fields(struct buf *out, const struct http_reply_head *head)
{
	struct slice type = slice_from_str(head->content_type);

	if (type.ptr != NULL) {
		if (!is_safe_field(SLICE_LIT("Content-Type"), type))
			return ERR_INVALID;
		put_field(out, SLICE_LIT("Content-Type"), type);
	}
	for (size_t i = 0; i < head->n_fields; i++) {
		if (!is_safe_field(head->fields[i].name, head->fields[i].value))
			return ERR_INVALID;
		put_field(out, head->fields[i].name, head->fields[i].value);
	}
	return 0;
}

static void
put_framing(struct buf *out, const struct http_reply_head *head)
{
	if (head->framing == HTTP_FRAMING_LENGTH) {
		buf_put_str(out, "Content-Length: ");
		buf_put_u64(out, head->content_length);
		buf_put(out, "\r\n", 2);
	} else if (head->framing == HTTP_FRAMING_CHUNKED) {
		buf_put_str(out, "Transfer-Encoding: chunked\r\n");
	}
	if (head->close)
		buf_put_str(out, "Connection: close\r\n");
	else if (head->keep_alive)
		buf_put_str(out, "Connection: keep-alive\r\n");
}

static void
put_status_line(struct buf *out, int status)
{
	must(status >= 200 && status <= 599);
	if (status == 200) {
		buf_put_slice(out, SLICE_LIT("HTTP/1.1 200 OK\r\n"));
		return;
	}
	buf_put_str(out, "HTTP/1.1 ");
	buf_put_u64(out, (uint64_t)status);
	buf_put_char(out, ' ');
	buf_put_str(out, status_text(status));
	buf_put(out, "\r\n", 2);
}

int
http_write_head(struct buf *out, const struct http_reply_head *head)
{
	size_t before = out->len;
	int r;

	put_status_line(out, head->status);
	if (head->date != NULL)
		put_field(out, SLICE_LIT("Date"), slice_from_str(head->date));
	r = put_extra_fields(out, head);
	if (r == 0) {
		put_framing(out, head);
		buf_put(out, "\r\n", 2);
		r = out->failed;
	}
	if (r < 0)
		buf_truncate(out, before);
	return r;
}

size_t
http_write_chunk_head(char out_r[static HTTP_CHUNK_HEAD_CAP], size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	char reversed[HTTP_CHUNK_HEAD_CAP];
	size_t n = 0, at = 0;

	do {
		reversed[n++] = digits[len & 15];
		len >>= 4;
	} while (len > 0);
	while (n > 0)
		out_r[at++] = reversed[--n];
	out_r[at++] = '\r';
	out_r[at++] = '\n';
	return at;
}
