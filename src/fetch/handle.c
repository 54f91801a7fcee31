#include "handle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "job.h"

#define HTTP_VERSION CURL_HTTP_VERSION_2TLS
#define REPLY_HEADERS_MAX (64 * 1024) /* curl keeps all of them; alone it bounds only each line */
#define READ_BYTES (8 * 1024)
#define IDLE_CONNECTION_S 30 /* an idle connection older than this is not trusted with a new request */

/* ---- Callbacks of curl ---- */

static struct fetch_job *
job_of(void *ctx)
{
	struct handle *handle = ctx;

	return handle->job;
}

static size_t
on_header(char *bytes, size_t size, size_t n, void *ctx)
{
	struct fetch_job *job = job_of(ctx);

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
	struct fetch_job *job = job_of(ctx);
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
	struct fetch_job *job = job_of(ctx);
	long written = 0;

	(void)local_ip, (void)primary_port, (void)local_port;
	job->may_not_reach = !may_reach(job, primary_ip);
	if (job->may_not_reach)
		return CURL_PREREQFUNC_ABORT;
	if (job->repeatable)
		return CURL_PREREQFUNC_OK;
	curl_easy_getinfo(job->handle->easy, CURLINFO_REQUEST_SIZE, &written);
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
	struct fetch_job *job = job_of(ctx);
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

/* ---- Once for all requests ---- */

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
}

static void
set_callbacks(struct handle *handle, struct loop *loop)
{
	CURL *easy = handle->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, handle);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, handle->error);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, handle);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, handle);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, handle);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, handle);
	/* Of connections, which outlive the handle that made them. */
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, loop);
}

static int
equip(struct handle *handle, CURLSH *share, struct loop *loop, const struct fetch_options *options)
{
	CURL *easy = handle->easy;

	set_network(easy, options);
	set_callbacks(handle, loop);
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

struct handle *
handle_new(CURLSH *share, struct loop *loop, const struct fetch_options *options)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (handle == NULL)
		return NULL;
	handle->easy = curl_easy_init();
	if (handle->easy == NULL || equip(handle, share, loop, options) < 0)
		handle_free(&handle);
	return handle;
}

void
handle_free(struct handle **handle_p)
{
	struct handle *handle = *handle_p;

	*handle_p = NULL;
	if (handle == NULL)
		return;
	curl_easy_cleanup(handle->easy);
	origin_give_back(&handle->origin);
	free(handle);
}

int
handle_reset(struct handle *handle, CURLSH *share, struct loop *loop, const struct fetch_options *options)
{
	curl_easy_reset(handle->easy);
	handle->job = NULL;
	handle->method = NULL;
	handle->has_body = false;
	handle->is_private = false;
	origin_give_back(&handle->origin);
	return equip(handle, share, loop, options);
}

/* ---- For one request ---- */

bool
handle_strip(struct handle *handle)
{
	CURL *easy = handle->easy;
	long connects = 1;

	/* What curl remembers of an unlucky transfer, such as how often it began again, counts for the next one, too.
	 */
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	if (connects != 0)
		return false;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	if (handle->has_body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1);
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	handle->has_body = false;
	handle->job = NULL;
	return true;
}

static int
set_origin(struct handle *handle, struct origin *origin)
{
	if (handle->origin == origin)
		return 0;
	curl_easy_setopt(handle->easy, CURLOPT_CURLU, origin->url);
	origin_give_back(&handle->origin);
	handle->origin = origin_share(origin);
	/* Not what it goes by, but what it remembers as the request's URL; else it prints one. */
	return curl_easy_setopt(handle->easy, CURLOPT_URL, origin->key.ptr) == CURLE_OK ? 0 : ERR_NOMEM;
}

/*
 * curl takes a URL apart for each request, puts it together again and prints its path into the request byte by byte;
 * parts and a target that it is given are copied.  A fragment, or a URL without a path, is left to it.
 */
int
handle_set_url(struct handle *handle, struct origin *origin, const char *url)
{
	const char *target = url + origin->key.len;
	bool is_whole = target[0] == '/' && strchr(target, '#') == NULL;
	int r = 0;

	if (is_whole) {
		r = set_origin(handle, origin);
	} else {
		curl_easy_setopt(handle->easy, CURLOPT_CURLU, NULL);
		origin_give_back(&handle->origin);
		r = curl_easy_setopt(handle->easy, CURLOPT_URL, url) == CURLE_OK ? 0 : ERR_NOMEM;
	}
	if (r == 0 && curl_easy_setopt(handle->easy, CURLOPT_REQUEST_TARGET, is_whole ? target : NULL) != CURLE_OK)
		r = ERR_NOMEM;
	return r;
}

int
handle_set_method(struct handle *handle, enum fetch_method method, const struct buf *body)
{
	static const char *const names[] = {[FETCH_GET] = "GET",
					    [FETCH_POST] = "POST",
					    [FETCH_PUT] = "PUT",
					    [FETCH_DELETE] = "DELETE",
					    [FETCH_PURGE] = "PURGE"};
	const char *name = method == FETCH_GET && body == NULL ? NULL : names[method];

	if (body != NULL) {
		curl_easy_setopt(handle->easy, CURLOPT_POSTFIELDS, buf_cstr(body));
		curl_easy_setopt(handle->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
		handle->has_body = true;
	}
	if (handle->method == name)
		return 0;
	handle->method = name;
	return curl_easy_setopt(handle->easy, CURLOPT_CUSTOMREQUEST, name) == CURLE_OK ? 0 : ERR_NOMEM;
}

void
handle_set_private(struct handle *handle, bool is_private)
{
	if (handle->is_private == is_private)
		return;
	handle->is_private = is_private;
	curl_easy_setopt(handle->easy, CURLOPT_HTTP_VERSION,
			 is_private ? (long)CURL_HTTP_VERSION_1_1 : (long)HTTP_VERSION);
}
