/*
 * check.c - magento-mcp check: is this configuration fine, and what is made from the table of keys
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "config/config.h"
#include "shm/heritage.h"
#include "shm/segment.h"

#define DESCRIPTION_MAX (1024 * 1024)
#define DIFF_MAX (2 * CONFIG_RENDERED_MAX)

#define SERVING_FD 4

enum { OPT_SAMPLE = OPTIONS_FIRST_OWN, OPT_MAN, OPT_EMIT, OPT_UPGRADE, OPT_COMPARE };

struct request {
	bool print_sample;
	bool print_man;
	int emit_fd;	     /* -1: none */
	uint64_t upgrade;    /* 0: none */
	const char *compare; /* another file; NULL: none */
};

static const struct option own_options[] = {
    {"print-sample", no_argument, NULL, OPT_SAMPLE},   {"print-man", no_argument, NULL, OPT_MAN},
    {"emit-fd", required_argument, NULL, OPT_EMIT},    {"upgrade", required_argument, NULL, OPT_UPGRADE},
    {"compare", required_argument, NULL, OPT_COMPARE}, {0},
};

static const char help[] = "Reads the configuration and says whether it is fine: exit status 0, or 2 and one\n"
			   "line `FILE:LINE: key: what is wrong, what to write`.\n"
			   "\n"
			   "      --compare=OLD    name the keys that differ from the file OLD, and those of them\n"
			   "                       that a reload cannot change\n"
			   "      --print-sample   print a commented sample configuration\n"
			   "      --print-man      print the manual page magento-mcp.conf(5)\n"
			   "      --emit-fd=N      write the checked configuration, secrets included, to the open\n"
			   "                       descriptor N; the server uses it when it reloads\n"
			   "      --upgrade=N      could this program take over from a server that hands over in\n"
			   "                       form N and whose configuration is at descriptor 4?\n";

static int
take(void *ctx, int val, const char *arg, struct err *err)
{
	struct request *request = ctx;
	uint64_t fd;

	if (val == OPT_SAMPLE)
		request->print_sample = true;
	else if (val == OPT_MAN)
		request->print_man = true;
	else if (val == OPT_COMPARE)
		request->compare = arg;
	else if (val == OPT_UPGRADE && slice_to_u64(slice_from_str(arg), UINT32_MAX, &fd) == 0)
		request->upgrade = fd;
	else if (val == OPT_EMIT && slice_to_u64(slice_from_str(arg), 1 << 20, &fd) == 0)
		request->emit_fd = (int)fd;
	else
		return err_set(err, ERR_INVALID, "%s wants %s", val == OPT_EMIT ? "--emit-fd" : "--upgrade",
			       val == OPT_EMIT ? "the number of an open descriptor" : "a number");
	return 0;
}

static int
write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		bytes = slice_sub(bytes, (size_t)n, bytes.len);
	}
	return 0;
}

static int
describe(int (*fn)(struct buf *out))
{
	struct buf text;
	int status = OPTIONS_FINE;
	int r;

	buf_init(&text, DESCRIPTION_MAX);
	r = fn(&text);
	if (r == 0)
		r = write_all(STDOUT_FILENO, buf_slice(&text));
	if (r < 0) {
		options_complain("cannot print it: %s", r == ERR_IO ? strerror(errno) : err_name(r));
		status = OPTIONS_RETRY;
	}
	buf_fini(&text);
	return status;
}

static int
emit(const struct config *cfg, int fd)
{
	struct buf text;
	int status = OPTIONS_FINE;
	int r;

	buf_init_secret(&text, CONFIG_RENDERED_MAX);
	r = config_render(cfg, &text);
	if (r == 0)
		r = write_all(fd, buf_slice(&text));
	if (r < 0) {
		options_complain("cannot write to descriptor %d: %s", fd, r == ERR_IO ? strerror(errno) : err_name(r));
		status = r == ERR_IO && errno == EBADF ? OPTIONS_USAGE : OPTIONS_RETRY;
	}
	buf_fini(&text);
	return status;
}

/* The workers of the old version go on with sockets, folders and table as they are: those keys must not change. */
static int
compare(const struct config *serving, const struct config *cfg, struct err *err)
{
	struct buf changed, restart;
	int r;

	buf_init(&changed, DIFF_MAX);
	buf_init(&restart, DIFF_MAX);
	r = config_diff(serving, cfg, &changed, &restart);
	if (r < 0)
		(void)err_set(err, r, "the configurations cannot be compared (%s)", err_name(r));
	else if (restart.len > 0)
		r = err_set(err, ERR_DENIED, "an upgrade cannot change %.300s; restart the service, or set it back",
			    buf_cstr(&restart));
	buf_fini(&changed);
	buf_fini(&restart);
	return r;
}

/* An exit status. */
static int
tell_differences(const struct options *options, const char *path, const struct config *cfg)
{
	struct buf changed, restart;
	struct config_sources src;
	struct config *old = NULL;
	struct err err;
	int r;

	buf_init(&changed, DIFF_MAX);
	buf_init(&restart, DIFF_MAX);
	options_sources(options, &src);
	src.path = path;
	r = config_load(&src, &old, &err);
	if (r == 0)
		r = config_diff(old, cfg, &changed, &restart);
	if (old == NULL)
		fprintf(stderr, "%s\n", err.text);
	else if (r < 0)
		options_complain("the configurations cannot be compared (%s)", err_name(r));
	else if (changed.len == 0)
		printf("the same as %s\n", path);
	else
		printf("differs from %s in: %s\n", path, buf_cstr(&changed));
	if (r == 0 && restart.len > 0)
		printf("needs a restart, a reload refuses: %s\n", buf_cstr(&restart));
	config_free(&old);
	buf_fini(&changed);
	buf_fini(&restart);
	return r == 0 ? OPTIONS_FINE : options_status(r);
}

/* Gives an exit status, or -1 when all is well. */
static int
dry_run(const struct request *request, const struct config *cfg)
{
	struct config *serving = NULL;
	struct err err;
	int r;

	if (request->upgrade != HERITAGE_HANDOVER)
		r = err_set(&err, ERR_UNSUPPORTED,
			    "version " MAGENTO_MCP_VERSION " cannot take over from the running one; stop and start the "
			    "service");
	else
		r = config_read_rendered(SERVING_FD, &serving, &err);
	if (r == 0)
		r = compare(serving, cfg, &err);
	config_free(&serving);
	if (r == 0)
		options_complain("version " MAGENTO_MCP_VERSION ", table layout %d", SEGMENT_LAYOUT_VERSION);
	else
		options_complain("%s", err.text);
	return r == 0 ? -1 : OPTIONS_USAGE;
}

int
cli_check(int argc, char **argv)
{
	struct request request = {.emit_fd = -1};
	const struct options_spec spec = {
	    .usage = "check [-c FILE] [-s KEY=VALUE]... [--compare=OLD]",
	    .help = help,
	    .extra = own_options,
	    .take = take,
	    .ctx = &request,
	};
	struct options options;
	struct config_sources src;
	struct config *cfg = NULL;
	int status;

	status = options_parse(argc, argv, &spec, &options);
	if (status >= 0)
		return status;
	if (request.print_sample || request.print_man)
		return describe(request.print_sample ? config_describe_sample : config_describe_man);

	status = options_load(&options, &cfg);
	if (status >= 0)
		return status;
	if (request.upgrade != 0)
		status = dry_run(&request, cfg);
	if (status >= 0) {
		config_free(&cfg);
		return status;
	}
	if (request.emit_fd >= 0) {
		status = emit(cfg, request.emit_fd);
	} else {
		options_sources(&options, &src);
		printf("%s: fine, %zu %s, %zu %s\n", src.path != NULL ? src.path : "no file, defaults only",
		       cfg->n_stores, cfg->n_stores == 1 ? "store" : "stores", cfg->n_principals,
		       cfg->n_principals == 1 ? "principal" : "principals");
		status = request.compare != NULL ? tell_differences(&options, request.compare, cfg) : OPTIONS_FINE;
	}
	config_free(&cfg);
	return status;
}
