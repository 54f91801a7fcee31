/*
 * ctl.c - magento-mcp ctl: steer a running server through its control socket
 *
 * One line of words goes out; `OK` or `ERROR text` comes back, then a body until the server closes.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "config/config.h"

#define ANSWER_MS 15000
#define REPLY_MAX (1024 * 1024)
#define PATH_MAX_BYTES 4096

enum { OPT_JSON = OPTIONS_FIRST_OWN, OPT_WAIT };

struct request {
	bool json;
	bool wait;
};

static const struct {
	const char *verb;
	bool has_json;
	bool has_wait;
} commands[] = {
    {"status", true, false}, {"reload", false, true},  {"drain", false, false},
    {"stop", false, true},   {"reopen", false, false}, {"upgrade", false, true},
};

static const struct option own_options[] = {
    {"json", no_argument, NULL, OPT_JSON},
    {"wait", no_argument, NULL, OPT_WAIT},
    {0},
};

static const char help[] =
    "Commands:\n"
    "  status    what runs, with which addresses, since when\n"
    "  reload    read the configuration anew and replace the workers\n"
    "  upgrade   let the program that is installed now take over, without a pause\n"
    "  drain     retire the workers, keep the sockets; reload brings workers back\n"
    "  stop      finish what has begun, then end\n"
    "  reopen    reopen the log files\n"
    "\n"
    "      --json    with status: as one JSON object\n"
    "      --wait    with reload, upgrade and stop: come back when it is done, exit 0 only if it was\n";

static int
take(void *ctx, int val, const char *arg UNUSED, struct err *err UNUSED)
{
	struct request *request = ctx;

	if (val == OPT_JSON)
		request->json = true;
	else
		request->wait = true;
	return 0;
}

/* The line to send, or ERR_INVALID after a complaint. */
static int
compose(const struct options *options, const struct request *request, struct buf *line)
{
	const char *verb = options->n_operands > 0 ? options->operands[0] : "";
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(verb, commands[i].verb) == 0)
			break;
	}
	if (i == ARRAY_LEN(commands)) {
		options_complain("%s%swrite one of status, reload, upgrade, drain, stop, reopen", verb,
				 verb[0] != '\0' ? " is no command, " : "");
		return ERR_INVALID;
	}
	if ((request->json && !commands[i].has_json) || (request->wait && !commands[i].has_wait)) {
		options_complain("%s takes no %s", verb, request->json && !commands[i].has_json ? "--json" : "--wait");
		return ERR_INVALID;
	}
	return buf_printf(line, "%s%s%s\n", verb, request->json ? " json" : "", request->wait ? " wait" : "");
}

static int
connect_to(const char *path, int *fd_r, struct err *err)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd;

	if (slice_to_str(slice_from_str(path), un.sun_path, sizeof(un.sun_path)) < 0)
		return err_set(err, ERR_INVALID, "%s is too long for a socket, set server.control_socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) == 0) {
		*fd_r = fd;
		return 0;
	}
	if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
		err_set(err, ERR_NOT_FOUND,
			"no server is running at %s; start it with `magento-mcp serve`, or name its "
			"configuration with -c",
			path);
	else if (errno == EACCES || errno == EPERM)
		err_set(err, ERR_DENIED, "%s is not open to you; use the account of the server, or root", path);
	else
		err_set_errno(err, ERR_IO, errno, "cannot connect to %s", path);
	fd_close(&fd);
	return err->code;
}

static int
send_line(int fd, struct slice line, struct err *err)
{
	while (line.len > 0) {
		ssize_t n = send(fd, line.ptr, line.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, ERR_IO, errno, "cannot send to the server");
		line = slice_sub(line, (size_t)n, line.len);
	}
	return 0;
}

/* Reads until the server closes.  limit_ms bounds each silence; -1: none, the server may be at it for long. */
static int
read_reply(int fd, int limit_ms, struct buf *reply, struct err *err)
{
	char chunk[4096];

	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int n_ready = poll(&ready, 1, limit_ms);
		ssize_t n;

		if (n_ready < 0 && errno == EINTR)
			continue;
		if (n_ready == 0)
			return err_set(err, ERR_TIMEOUT, "the server did not answer within %d s; its log may say why",
				       limit_ms / 1000);
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, ERR_IO, errno, "cannot read from the server");
		if (n == 0)
			return 0;
		if (buf_put(reply, chunk, (size_t)n) < 0)
			return err_set(err, ERR_LIMIT, "the server's answer is too long");
	}
}

/* OK: the body goes to standard output.  ERROR: text and body to standard error. */
static int
show(struct slice reply)
{
	struct slice first, rest = reply;

	if (!slice_next(&rest, '\n', &first) || first.len == 0) {
		options_complain("the server closed the connection without an answer; it may be stopping, try again");
		return OPTIONS_RETRY;
	}
	if (slice_is(first, "OK") || slice_has_prefix(first, "OK ")) {
		if (rest.len > 0)
			fwrite(rest.ptr, 1, rest.len, stdout);
		return fflush(stdout) == 0 ? OPTIONS_FINE : OPTIONS_RETRY;
	}
	if (slice_has_prefix(first, "ERROR "))
		first = slice_sub(first, sizeof("ERROR ") - 1, first.len);
	options_complain("%.*s", SLICE_FMT(first));
	if (rest.len > 0)
		fwrite(rest.ptr, 1, rest.len, stderr);
	return OPTIONS_RETRY;
}

static int
talk(const char *path, struct slice line, bool wait, struct err *err)
{
	struct buf reply;
	int status = OPTIONS_RETRY;
	int fd = -1;
	int r;

	buf_init(&reply, REPLY_MAX);
	r = connect_to(path, &fd, err);
	if (r == 0)
		r = send_line(fd, line, err);
	if (r == 0)
		r = read_reply(fd, wait ? -1 : ANSWER_MS, &reply, err);
	if (r == 0)
		status = show(buf_slice(&reply));
	fd_close(&fd);
	buf_fini(&reply);
	return r < 0 ? r : status;
}

static int
find_and_talk(const struct options *options, struct slice line, bool wait)
{
	struct config_sources src;
	struct err config_err, err;
	struct buf path;
	int r_config, r;

	buf_init(&path, PATH_MAX_BYTES);
	options_sources(options, &src);
	r_config = config_control_socket(&src, &path, &config_err);
	r = path.len > 0 ? talk(buf_cstr(&path), line, wait, &err) : ERR_NOT_FOUND;
	if (r < 0 && r_config < 0)
		fprintf(stderr, "%s\n", config_err.text);
	else if (r < 0)
		options_complain("%s", err.text);
	buf_fini(&path);
	if (r >= 0)
		return r;
	return r_config < 0 ? options_status(r_config) : OPTIONS_RETRY;
}

int
cli_ctl(int argc, char **argv)
{
	struct request request = {0};
	const struct options_spec spec = {
	    .usage = "ctl status|reload|upgrade|drain|stop|reopen [--json] [--wait] [-c FILE]",
	    .help = help,
	    .extra = own_options,
	    .take = take,
	    .ctx = &request,
	    .max_operands = 1,
	};
	struct options options;
	struct buf line;
	int status, r;

	status = options_parse(argc, argv, &spec, &options);
	if (status >= 0)
		return status;
	buf_init(&line, 64);
	r = compose(&options, &request, &line);
	status = r < 0 ? OPTIONS_USAGE : find_and_talk(&options, buf_slice(&line), request.wait);
	buf_fini(&line);
	return status;
}
