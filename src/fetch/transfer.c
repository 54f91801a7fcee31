/*
 * transfer.c - one request: its checks, what curl is told of it, and the meaning of how it ended
 */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define HEADER_LINES_MAX (128 * 1024)
#define RETRY_AFTER_MAX_S 86400

/* ---- Checks ---- */

static bool
is_token(const char *name)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	const char *p;

	for (p = name; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9'))
			continue;
		if (strchr(others, *p) == NULL)
			return false;
	}
	return p != name;
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Is one of eight bytes a control character? */
static bool
has_control(const char *eight)
{
	uint64_t word, from_del;

	memcpy(&word, eight, sizeof(word));
	from_del = word ^ EACH_BYTE(0x7f);
	return ((((word - EACH_BYTE(0x20)) & ~word) | ((from_del - EACH_BYTE(1)) & ~from_del)) & EACH_BYTE(0x80)) != 0;
}

static bool
is_field_value(const char *value)
{
	size_t len = strlen(value), at = 0;

	while (len - at >= sizeof(uint64_t) && !has_control(value + at))
		at += sizeof(uint64_t);
	for (; at < len; at++) {
		unsigned char c = (unsigned char)value[at];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* ---- The request ---- */

/*
 * curl only reads the list of header fields, so nodes and lines are ours; the lines lie in one piece, which is
 * overwritten in one go.  There must be room.
 */
static int
append(struct fetch_job *job, const char *name, const char *separator, const char *value)
{
	struct curl_slist *node = &job->headers[job->n_headers];
	size_t from = job->lines.len;

	buf_put_str(&job->lines, name);
	buf_put_str(&job->lines, separator);
	buf_put_str(&job->lines, value);
	if (buf_put_char(&job->lines, '\0') < 0)
		return job->lines.failed;
	*node = (struct curl_slist){.data = job->lines.ptr + from};
	if (job->n_headers > 0)
		job->headers[job->n_headers - 1].next = node;
	job->n_headers++;
	return 0;
}

static int
append_field(struct fetch_job *job, const struct fetch_header *header)
{
	/* "Name;" is how curl is told to send a field with an empty value; "Name:" would remove it. */
	return append(job, header->name, header->value[0] == '\0' ? ";" : ": ", header->value);
}

void
transfer_fields_init(struct transfer_fields *fields, const char *user_agent)
{
	static char encoding[] = "Accept-Encoding: gzip"; /* curl wants it so, and only reads it */

	fields->encoding.data = encoding;
	if (user_agent == NULL)
		return;
	snprintf(fields->agent_line, sizeof(fields->agent_line), "User-Agent: %s", user_agent);
	fields->agent.data = fields->agent_line;
	fields->encoding.next = &fields->agent;
}

/* Checks the fields, and makes room for them and for two more. */
static int
reserve_headers(struct fetch_job *job, const struct fetch_request *request)
{
	size_t room = sizeof("Expect:") + sizeof("Content-Type:");
	size_t i;

	if (request->n_headers > HEADERS_MAX - 2)
		return ERR_INVALID;
	for (i = 0; i < request->n_headers; i++) {
		const struct fetch_header *header = &request->headers[i];

		if (!is_token(header->name) || !is_field_value(header->value))
			return ERR_INVALID;
		room += strlen(header->name) + strlen(header->value) + sizeof(": ");
	}
	buf_init_secret(&job->lines, HEADER_LINES_MAX);
	return buf_reserve(&job->lines, room);
}

static bool
has_body(const struct fetch_request *request)
{
	return request->body.len > 0 || request->method == FETCH_POST || request->method == FETCH_PUT;
}

static int
set_headers(struct fetch_job *job, const struct fetch_request *request)
{
	bool has_type = !has_body(request);
	size_t i;
	int r = reserve_headers(job, request);

	for (i = 0; r == 0 && i < request->n_headers; i++) {
		r = append_field(job, &request->headers[i]);
		has_type |= strcasecmp(request->headers[i].name, "Content-Type") == 0;
	}
	/* Without these, curl would wait for 100 Continue on large bodies and call every body a form. */
	if (r == 0 && has_body(request))
		r = append(job, "Expect", ":", "");
	if (r == 0 && !has_type)
		r = append(job, "Content-Type", ":", "");
	if (r < 0)
		return r;
	if (job->n_headers > 0)
		job->headers[job->n_headers - 1].next = &job->fields->encoding;
	curl_easy_setopt(job->handle->easy, CURLOPT_HTTPHEADER,
			 job->n_headers > 0 ? job->headers : &job->fields->encoding);
	return 0;
}

static int
set_method(struct fetch_job *job, const struct fetch_request *request)
{
	int r;

	job->repeatable = request->method == FETCH_GET;
	if (!has_body(request))
		return handle_set_method(job->handle, request->method, NULL);
	buf_init_secret(&job->body, request->body.len + 1);
	r = buf_put_slice(&job->body, request->body);
	return r < 0 ? r : handle_set_method(job->handle, request->method, &job->body);
}

int
transfer_prepare(struct fetch_job *job, const struct fetch_request *request)
{
	struct handle *handle = job->handle;
	int r;

	handle->job = job;
	handle->error[0] = '\0';
	r = set_headers(job, request);
	if (r == 0)
		r = set_method(job, request);
	if (r == 0)
		r = handle_set_url(handle, job->origin, request->url);
	if (r < 0)
		return r;
	handle_set_private(handle, request->is_private);
	curl_easy_setopt(handle->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_reply_bytes);
	job->may_connect = request->may_connect;
	job->is_secret = request->is_secret;
	job->wants_date = request->wants_date;
	buf_init_secret(&job->reply.body, request->max_reply_bytes);
	return 0;
}

void
transfer_release(struct fetch_job *job)
{
	buf_fini(&job->lines);
	job->n_headers = 0;
	buf_fini(&job->body);
}

/* ---- Outcome ---- */

/*
 * A store must not look dead because this process may open nothing more.  The resolver and the TLS library do not say
 * why they failed, so it is tried out.
 */
static bool
is_out_of_descriptors(const struct fetch_job *job)
{
	int fd = job->has_no_descriptor ? -1 : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	bool is_short = job->has_no_descriptor || (fd < 0 && (errno == EMFILE || errno == ENFILE));

	if (fd >= 0)
		close(fd);
	return is_short;
}

static enum fetch_outcome
outcome_of(const struct fetch_job *job, CURLcode result)
{
	bool sent = job->reply.sent;

	if (job->too_large)
		return FETCH_TOO_LARGE;
	if (job->no_memory)
		return FETCH_NOMEM;
	if (result != CURLE_OK && !sent && is_out_of_descriptors(job))
		return FETCH_NOMEM;
	switch (result) {
	case CURLE_OK:
		return job->reply.status >= 100 ? FETCH_OK : FETCH_BROKEN;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return FETCH_RESOLVE;
	case CURLE_COULDNT_CONNECT:
	case CURLE_INTERFACE_FAILED:
		return sent ? FETCH_BROKEN : FETCH_CONNECT;
	case CURLE_ABORTED_BY_CALLBACK:
		return job->may_not_reach && !sent ? FETCH_CONNECT : FETCH_BROKEN;
	case CURLE_OPERATION_TIMEDOUT: /* of connecting: the whole request has a timer of ours */
		return sent ? FETCH_TIMEOUT : FETCH_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_USE_SSL_FAILED:
		return sent ? FETCH_BROKEN : FETCH_TLS;
	case CURLE_FILESIZE_EXCEEDED:
		return FETCH_TOO_LARGE;
	case CURLE_OUT_OF_MEMORY:
		return FETCH_NOMEM;
	default:
		return FETCH_BROKEN;
	}
}

static void
take_content_type(struct fetch_job *job)
{
	struct slice rest, type;
	char *value = NULL;
	size_t i;

	curl_easy_getinfo(job->handle->easy, CURLINFO_CONTENT_TYPE, &value);
	rest = slice_from_str(value);
	if (!slice_next(&rest, ';', &type))
		return;
	type = slice_trim(type);
	if (slice_to_str(type, job->reply.content_type, sizeof(job->reply.content_type)) < 0)
		job->reply.content_type[0] = '\0';
	for (i = 0; job->reply.content_type[i] != '\0'; i++) {
		if (job->reply.content_type[i] >= 'A' && job->reply.content_type[i] <= 'Z')
			job->reply.content_type[i] += 'a' - 'A';
	}
}

static void
take_retry_after(struct fetch_job *job)
{
	struct curl_header *field = NULL;
	curl_off_t seconds = 0;

	if (curl_easy_header(job->handle->easy, "Retry-After", 0, CURLH_HEADER, -1, &field) != CURLHE_OK)
		return;
	curl_easy_getinfo(job->handle->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds < 0)
		seconds = 0;
	job->reply.retry_after_s = seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S;
}

static void
take_date(struct fetch_job *job)
{
	struct curl_header *field = NULL;

	if (curl_easy_header(job->handle->easy, "Date", 0, CURLH_HEADER, -1, &field) == CURLHE_OK)
		job->reply.date_s = curl_getdate(field->value, NULL);
}

static void
take_sent(struct fetch_job *job)
{
	long written = 0;

	if (job->state == JOB_RUNNING)
		curl_easy_getinfo(job->handle->easy, CURLINFO_REQUEST_SIZE, &written);
	job->reply.sent = written > 0;
	job->reply.took_us = clock_mono_us() - job->started_us;
}

static void
drop_reply_body(struct fetch_job *job)
{
	buf_fini(&job->reply.body);
	buf_init(&job->reply.body, 0);
}

void
transfer_conclude(struct fetch_job *job, CURLcode result)
{
	struct fetch_reply *reply = &job->reply;
	const char *words = job->handle->error[0] != '\0' ? job->handle->error : curl_easy_strerror(result);
	long status = 0;

	take_sent(job);
	curl_easy_getinfo(job->handle->easy, CURLINFO_RESPONSE_CODE, &status);
	reply->status = (int)status;
	reply->outcome = outcome_of(job, result);
	if (reply->outcome == FETCH_OK) {
		take_content_type(job);
		if (status >= 300)
			take_retry_after(job);
		if (job->wants_date)
			take_date(job);
		return;
	}
	reply->status = 0;
	drop_reply_body(job);
	if (job->too_large)
		words = "the reply is larger than allowed";
	snprintf(reply->detail, sizeof(reply->detail), "%s", words);
}

void
transfer_conclude_timeout(struct fetch_job *job)
{
	struct fetch_reply *reply = &job->reply;

	take_sent(job);
	reply->outcome = FETCH_TIMEOUT;
	reply->status = 0;
	drop_reply_body(job);
	snprintf(reply->detail, sizeof(reply->detail), "the deadline passed");
}
