/*
 * ctl.c - see ctl.h
 */
#include "supervisor/ctl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/sockets.h"

#define READ_CHUNK 256
#define ACCEPTS_PER_TURN 8

/* ---- Requests ---- */

struct verb_row {
	const char *word;
	enum ctl_verb verb;
	const char *option; /* the one second word it takes, or NULL */
};

static const struct verb_row verbs[] = {
    {"status", CTL_STATUS, "json"}, {"reload", CTL_RELOAD, "wait"}, {"upgrade", CTL_UPGRADE, "wait"},
    {"stop", CTL_STOP, "wait"},	    {"drain", CTL_DRAIN, NULL},	    {"reopen", CTL_REOPEN, NULL},
};

/* The next word, or an empty slice. */
static struct slice
next_word(struct slice *rest)
{
	struct slice word = SLICE_NONE;

	while (slice_next(rest, ' ', &word)) {
		if (word.len > 0)
			return word;
	}
	return SLICE_NONE;
}

static const struct verb_row *
find_verb(struct slice word)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(verbs); i++) {
		if (slice_is(word, verbs[i].word))
			return &verbs[i];
	}
	return NULL;
}

int
ctl_parse(struct slice line, struct ctl_request *request_r, struct err *err)
{
	struct slice word = next_word(&line);
	const struct verb_row *row = find_verb(word);
	struct slice option;

	*request_r = (struct ctl_request){.verb = CTL_STATUS};
	if (row == NULL)
		return err_set(err, ERR_INVALID, "unknown request; say status, reload, upgrade, stop, drain or reopen");
	request_r->verb = row->verb;
	option = next_word(&line);
	if (option.len == 0)
		return 0;
	if (row->option == NULL || !slice_is(option, row->option) || next_word(&line).len > 0)
		return err_set(err, ERR_INVALID, "%s takes %s%s", row->word,
			       row->option == NULL ? "nothing else" : "only ", row->option == NULL ? "" : row->option);
	request_r->json = row->verb == CTL_STATUS;
	request_r->wait = row->verb != CTL_STATUS;
	return 0;
}

/* ---- Clients ---- */

static void
drop_client(struct ctl_client *client)
{
	fd_close(&client->fd);
	buf_fini(&client->in);
	buf_fini(&client->out);
	client->deadline_ms = 0;
	client->wait = CTL_WAIT_NONE;
	client->is_answered = false;
	client->is_half_closed = false;
}

/* Sends what goes out at once; a client that has all of it, or is gone, is closed. */
static void
flush_client(struct ctl_client *client)
{
	ssize_t n;

	while (client->out.len > 0) {
		n = send(client->fd, client->out.ptr, client->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0)
			break;
		buf_consume(&client->out, (size_t)n);
	}
	drop_client(client);
}

static void
put_answer(struct buf *out, bool ok, const char *text, struct slice body)
{
	(void)buf_put_str(out, ok ? "OK" : "ERROR ");
	if (!ok)
		(void)buf_put(out, text, strcspn(text, "\n"));
	(void)buf_put_char(out, '\n');
	(void)buf_put_slice(out, body);
}

void
ctl_answer(struct ctl_client *client, bool ok, const char *text, struct slice body)
{
	if (client->is_answered)
		return;
	client->is_answered = true;
	client->wait = CTL_WAIT_NONE;
	put_answer(&client->out, ok, text, body);
	if (!client->out.failed)
		return;
	buf_clear(&client->out);
	put_answer(&client->out, false, "the answer does not fit into memory", SLICE_NONE);
}

void
ctl_answer_waiting(struct ctl *c, enum ctl_wait wait, bool ok, const char *text, struct slice body, uint64_t now_ms)
{
	size_t i;

	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd < 0 || c->clients[i].wait != wait)
			continue;
		ctl_answer(&c->clients[i], ok, text, body);
		c->clients[i].deadline_ms = now_ms + CTL_IDLE_MS;
		flush_client(&c->clients[i]);
	}
}

void
ctl_promote_waiting(struct ctl *c)
{
	size_t i;

	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd >= 0 && c->clients[i].wait == CTL_WAIT_NEXT)
			c->clients[i].wait = CTL_WAIT_RELOAD;
	}
}

static void
serve_line(struct ctl *c, struct ctl_client *client, struct slice line)
{
	struct ctl_request request;
	struct err err;

	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (ctl_parse(line, &request, &err) < 0)
		ctl_answer(client, false, err.text, SLICE_NONE);
	else
		c->handler(c->ctx, client, &request);
}

/* False when nothing can come of this client any more.  While it waits, what it sends is of no interest. */
static bool
read_client(struct ctl_client *client)
{
	char chunk[READ_CHUNK];
	ssize_t n;

	n = recv(client->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0) {
		client->is_half_closed = true;
		return client->wait != CTL_WAIT_NONE || client->in.len > 0;
	}
	return buf_put(&client->in, chunk, (size_t)n) == 0 || client->in.failed == ERR_LIMIT;
}

/* The end of what it sends ends a line, too. */
static void
serve_client(struct ctl *c, struct ctl_client *client)
{
	ptrdiff_t end = slice_find(buf_slice(&client->in), '\n');

	if (end < 0 && client->is_half_closed)
		end = (ptrdiff_t)client->in.len;
	if (end >= 0)
		serve_line(c, client, slice_sub(buf_slice(&client->in), 0, (size_t)end));
	else if (client->in.failed)
		ctl_answer(client, false, "the request is too long", SLICE_NONE);
}

void
ctl_client_turn(struct ctl *c, struct ctl_client *client, uint64_t now_ms)
{
	if (client->is_answered) {
		flush_client(client);
		return;
	}
	/* Half closed it is polled for nothing but POLLHUP. */
	if (client->is_half_closed || !read_client(client)) {
		drop_client(client);
		return;
	}
	if (client->wait == CTL_WAIT_NONE)
		serve_client(c, client);
	if (client->wait != CTL_WAIT_NONE)
		client->deadline_ms = 0;
	if (!client->is_answered)
		return;
	client->deadline_ms = now_ms + CTL_IDLE_MS;
	flush_client(client);
}

short
ctl_client_events(const struct ctl_client *client)
{
	if (client->is_answered)
		return POLLOUT;
	return client->is_half_closed ? 0 : POLLIN;
}

/* ---- The server ---- */

void
ctl_init(struct ctl *c, ctl_handler_fn handler, void *ctx)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	c->handler = handler;
	c->ctx = ctx;
	for (i = 0; i < CTL_CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
}

int
ctl_listen(struct ctl *c, const char *path, struct err *err)
{
	struct stat st;
	int fd = sockets_open_unix(path, err);

	if (fd == ERR_EXISTS)
		return err_set(
		    err, ERR_EXISTS,
		    "another server is running: it answers on %s; stop it with `magento-mcp ctl stop`, or set another "
		    "server.control_socket",
		    path);
	if (fd < 0)
		return fd;
	/* By its inode it is known again when it is to be removed. */
	if (stat(path, &st) < 0) {
		(void)err_set_errno(err, ERR_IO, errno, "cannot look at %s", path);
		(void)unlink(path);
		fd_close(&fd);
		return ERR_IO;
	}
	c->fd = fd;
	c->path = path;
	c->inode = st.st_ino;
	return 0;
}

/* A file that another server has put there meanwhile is not ours to remove. */
static void
remove_socket(const struct ctl *c)
{
	struct stat st;

	if (c->path != NULL && stat(c->path, &st) == 0 && st.st_ino == c->inode)
		(void)unlink(c->path);
}

void
ctl_fini(struct ctl *c)
{
	size_t i;

	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd >= 0 && c->clients[i].is_answered)
			flush_client(&c->clients[i]);
		if (c->clients[i].fd >= 0)
			drop_client(&c->clients[i]);
	}
	if (c->fd >= 0)
		remove_socket(c);
	fd_close(&c->fd);
	c->path = NULL;
}

static struct ctl_client *
free_client(struct ctl *c)
{
	size_t i;

	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd < 0)
			return &c->clients[i];
	}
	return NULL;
}

static struct ctl_client *
seat(struct ctl *c, int fd)
{
	struct ctl_client *client = free_client(c);
	static const char busy[] = "ERROR too many control clients; try again\n";

	if (client == NULL) {
		(void)!send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		fd_close(&fd);
		return NULL;
	}
	client->fd = fd;
	client->wait = CTL_WAIT_NONE;
	client->is_answered = false;
	client->is_half_closed = false;
	buf_init(&client->in, CTL_LINE_MAX);
	buf_init(&client->out, CTL_REPLY_MAX);
	return client;
}

void
ctl_take(struct ctl *c, int fd, uint64_t now_ms)
{
	struct ctl_client *client = seat(c, fd);

	if (client != NULL)
		client->deadline_ms = now_ms + CTL_IDLE_MS;
}

void
ctl_take_waiting(struct ctl *c, int fd, bool is_half_closed)
{
	struct ctl_client *client = seat(c, fd);

	if (client == NULL)
		return;
	client->deadline_ms = 0;
	client->wait = CTL_WAIT_RELOAD;
	client->is_half_closed = is_half_closed;
}

void
ctl_accept(struct ctl *c, uint64_t now_ms)
{
	int fd, i;

	for (i = 0; i < ACCEPTS_PER_TURN; i++) {
		fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		ctl_take(c, fd, now_ms);
	}
}

void
ctl_expire(struct ctl *c, uint64_t now_ms)
{
	size_t i;

	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd >= 0 && c->clients[i].deadline_ms != 0 && now_ms >= c->clients[i].deadline_ms)
			drop_client(&c->clients[i]);
	}
}

uint64_t
ctl_next_deadline(const struct ctl *c)
{
	uint64_t next = UINT64_MAX;
	size_t i;

	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd >= 0 && c->clients[i].deadline_ms != 0 && c->clients[i].deadline_ms < next)
			next = c->clients[i].deadline_ms;
	}
	return next;
}
