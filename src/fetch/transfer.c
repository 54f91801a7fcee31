/*
 * transfer.c - one request as an easy handle: checks, options, and the meaning of how it ended
 */
#include "job.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define HTTP_VERSION CURL_HTTP_VERSION_2TLS
#define URL_MAX_BYTES 16384
#define REPLY_HEADERS_MAX (64 * 1024) /* curl keeps all of them; alone it bounds only each line */
#define HEADER_LINES_MAX (128 * 1024)
#define RETRY_AFTER_MAX_S 86400
#define READ_BYTES (8 * 1024)
#define IDLE_CONNECTION_S 30 /* an idle connection older than this is not trusted with a new request */

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

/* A name or an IPv4 address, perhaps with a port: nothing that takes more than a look to judge. */
static bool
is_plain_authority(const char *authority)
{
	size_t host = strspn(authority, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.");
	size_t port = authority[host] == ':' ? strspn(authority + host + 1, "0123456789") : 0;
	char end = authority[host + (port > 0 ? port + 1 : 0)];
	bool is_port = port <= 4 || (port == 5 && strncmp(authority + host + 1, "65535", 5) <= 0);

	return host > 0 && is_port && (end == '/' || end == '\0');
}

/* Visible ASCII, http or https, no user name in it. */
static int
check_url(const char *url)
{
	CURLU *parsed;
	CURLUcode code;
	const char *p;

	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return ERR_INVALID;
	for (p = url; *p != '\0'; p++) {
		if (*p <= 0x20 || *p >= 0x7f)
			return ERR_INVALID;
	}
	if (p - url > URL_MAX_BYTES)
		return ERR_INVALID;
	if (is_plain_authority(strchr(url, ':') + 3))
		return 0;
	parsed = curl_url();
	if (parsed == NULL)
		return ERR_NOMEM;
	code = curl_url_set(parsed, CURLUPART_URL, url, CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
	curl_url_cleanup(parsed);
	if (code == CURLUE_OUT_OF_MEMORY)
		return ERR_NOMEM;
	return code == CURLUE_OK ? 0 : ERR_INVALID;
}

/* ---- Callbacks of curl ---- */

static size_t
on_header(char *bytes, size_t size, size_t n, void *ctx)
{
	struct fetch_job *job = ctx;

	(void)bytes;
	job->header_bytes += size * n;
	if (job->header_bytes > REPLY_HEADERS_MAX) {
		job->too_large = true;
		return 0;
	}
	return size * n;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct fetch_job *job = ctx;
	size_t len = size * n;
	int r;

	r = buf_put(&job->reply.body, bytes, len);
	if (r < 0) {
		job->too_large = r == ERR_LIMIT;
		job->no_memory = r != ERR_LIMIT;
		return 0;
	}
	return len;
}

/* A connection may have been made for somebody who may connect to more. */
static bool
may_reach(const struct fetch_job *job, const char *ip)
{
	uint8_t address[16];

	if (job->may_connect == NULL)
		return true;
	if (inet_pton(AF_INET, ip, address) == 1)
		return job->may_connect(address, 4);
	return inet_pton(AF_INET6, ip, address) == 1 && job->may_connect(address, 16);
}

/*
 * Called each time before the request is written.  When a kept-alive connection dies before a reply came, libcurl sends
 * the request again on a fresh one by itself.  The upstream may have acted on the first one, so a write stops here.
 */
static int
on_before_request(void *ctx, char *primary_ip, char *local_ip, int primary_port, int local_port)
{
	struct fetch_job *job = ctx;
	long written = 0;

	(void)local_ip, (void)primary_port, (void)local_port;
	job->may_not_reach = !may_reach(job, primary_ip);
	if (job->may_not_reach)
		return CURL_PREREQFUNC_ABORT;
	if (job->repeatable)
		return CURL_PREREQFUNC_OK;
	curl_easy_getinfo(job->easy, CURLINFO_REQUEST_SIZE, &written);
	return written == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static bool
may_connect(const struct fetch_job *job, const struct curl_sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (job->may_connect == NULL)
		return true;
	if (address->family == AF_INET) {
		memcpy(&v4, &address->addr, sizeof(v4));
		return job->may_connect((const uint8_t *)&v4.sin_addr, 4);
	}
	if (address->family == AF_INET6 && address->addrlen >= sizeof(v6)) {
		memcpy(&v6, &address->addr, sizeof(v6));
		return job->may_connect((const uint8_t *)&v6.sin6_addr, 16);
	}
	return false;
}

static curl_socket_t
on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fetch_job *job = ctx;
	int fd;

	(void)purpose;
	if (!may_connect(job, address))
		return CURL_SOCKET_BAD;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		job->has_no_descriptor = true;
	if (fd >= 0)
		loop_opened(job->loop, fd);
	return fd;
}

static int
on_close_socket(void *ctx, curl_socket_t fd)
{
	loop_closed(ctx, fd);
	return close(fd);
}

/* ---- Options ---- */

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
	curl_easy_setopt(job->easy, CURLOPT_HTTPHEADER, job->n_headers > 0 ? job->headers : &job->fields->encoding);
	return 0;
}

static int
set_method(struct fetch_job *job, const struct fetch_request *request)
{
	static const char *const names[] = {[FETCH_GET] = "GET",
					    [FETCH_POST] = "POST",
					    [FETCH_PUT] = "PUT",
					    [FETCH_DELETE] = "DELETE",
					    [FETCH_PURGE] = "PURGE"};
	const char *name = names[request->method];
	CURL *easy = job->easy;
	int r;

	job->repeatable = request->method == FETCH_GET;
	if (!has_body(request)) {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
		name = request->method == FETCH_GET ? NULL : name;
	} else {
		buf_init_secret(&job->body, request->body.len + 1);
		r = buf_put_slice(&job->body, request->body);
		if (r < 0)
			return r;
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_cstr(&job->body));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body.len);
	}
	return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, name) == CURLE_OK ? 0 : ERR_NOMEM;
}

static void
set_network(CURL *easy, const struct fetch_options *options)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Stopping a request while its name is being resolved must not wait for the resolver's thread. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	/* Made and, where memory is scrubbed, overwritten for each request; most answers fill a part of it. */
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)READ_BYTES);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_CONNECTION_S);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options->verify_tls ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options->verify_tls ? 2L : 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)HTTP_VERSION);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
}

int
transfer_equip(CURL *easy, CURLSH *share, struct loop *loop, const struct fetch_options *options)
{
	set_network(easy, options);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, loop);
	if (curl_easy_setopt(easy, CURLOPT_SHARE, share) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip") != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_PROXY, "") != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_NOPROXY, "") != CURLE_OK) /* or the environment is asked each time */
		return ERR_NOMEM;
	if (options->ca_file != NULL && curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file) != CURLE_OK)
		return ERR_NOMEM;
	return 0;
}

/* Whose it is; NULL: nobody's. */
static void
set_owner(CURL *easy, struct fetch_job *job)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, job != NULL ? job->error : NULL);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, job);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, job);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, job);
}

/*
 * curl takes a URL apart, puts it together again and prints it into the request, byte by byte; it copies a target that
 * it is given.  A fragment, or a URL without a path, is left to it.
 */
static int
set_url(struct fetch_job *job, const char *url)
{
	const char *target = url + job->origin->key.len;
	bool is_whole = target[0] == '/' && strchr(target, '#') == NULL;

	if (curl_easy_setopt(job->easy, CURLOPT_URL, is_whole ? job->origin->key.ptr : url) != CURLE_OK ||
	    curl_easy_setopt(job->easy, CURLOPT_REQUEST_TARGET, is_whole ? target : NULL) != CURLE_OK)
		return ERR_NOMEM;
	return 0;
}

int
transfer_prepare(struct fetch_job *job, const struct fetch_request *request)
{
	int r;

	r = check_url(request->url);
	if (r == 0)
		r = set_headers(job, request);
	if (r == 0)
		r = set_method(job, request);
	if (r == 0)
		r = set_url(job, request->url);
	if (r < 0)
		return r;
	curl_easy_setopt(job->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_reply_bytes);
	set_owner(job->easy, job);
	job->may_connect = request->may_connect;
	job->is_secret = request->is_secret;
	job->is_private = request->is_private;
	if (job->is_private)
		curl_easy_setopt(job->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	job->wants_date = request->wants_date;
	buf_init_secret(&job->reply.body, request->max_reply_bytes);
	return 0;
}

bool
transfer_strip(struct fetch_job *job, CURL *easy)
{
	long connects = 1;

	/* What curl remembers of an unlucky transfer, such as how often it began again, counts for the next one, too.
	 */
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	if (connects != 0)
		return false;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1);
	if (job->is_private)
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)HTTP_VERSION);
	set_owner(easy, NULL);
	return true;
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

	curl_easy_getinfo(job->easy, CURLINFO_CONTENT_TYPE, &value);
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

	if (curl_easy_header(job->easy, "Retry-After", 0, CURLH_HEADER, -1, &field) != CURLHE_OK)
		return;
	curl_easy_getinfo(job->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds < 0)
		seconds = 0;
	job->reply.retry_after_s = seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S;
}

static void
take_date(struct fetch_job *job)
{
	struct curl_header *field = NULL;

	if (curl_easy_header(job->easy, "Date", 0, CURLH_HEADER, -1, &field) == CURLHE_OK)
		job->reply.date_s = curl_getdate(field->value, NULL);
}

static void
take_sent(struct fetch_job *job)
{
	long written = 0;

	if (job->state == JOB_RUNNING)
		curl_easy_getinfo(job->easy, CURLINFO_REQUEST_SIZE, &written);
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
	const char *words = job->error[0] != '\0' ? job->error : curl_easy_strerror(result);
	long status = 0;

	take_sent(job);
	curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
	reply->status = (int)status;
	reply->outcome = outcome_of(job, result);
	if (reply->outcome == FETCH_OK) {
		take_content_type(job);
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
