/*
 * main.c - build/conformance-server: the server with the suite's fixtures in place of a shop
 *
 * The same supervisor, workers and keeper; the roles behind `worker`, `keeper` and `check` are started by the
 * supervisor.  Needs no configuration: it listens on loopback without authentication, with four workers, and keeps its
 * state beside the binary.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "fixtures.h"
#include "keeper/server.h"
#include "supervisor/supervisor.h"
#include "worker/stdio.h"
#include "worker/worker.h"

#define SETTING_MAX (PATH_MAX + 64)
#define DEFAULTS 4

enum { OPT_LISTEN = OPTIONS_FIRST_OWN };

static const struct option own_options[] = {
    {"listen", required_argument, NULL, OPT_LISTEN},
    {0},
};

/* What is set unless the command line says otherwise: there the last word wins. */
struct defaults {
	char state_dir[SETTING_MAX];
	char listen[SETTING_MAX];
};

static int
take_listen(void *ctx, int val, const char *arg, struct err *err)
{
	struct defaults *defaults = ctx;

	(void)val;
	if (snprintf(defaults->listen, sizeof(defaults->listen), "server.listen=%s", arg) <
	    (int)sizeof(defaults->listen))
		return 0;
	return err_set(err, ERR_INVALID, "--listen is too long, write ADDRESS:PORT");
}

static int
place_state(struct defaults *defaults)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return -1;
	self[n] = '\0';
	n = snprintf(defaults->state_dir, sizeof(defaults->state_dir), "server.state_dir=%s.state", self);
	return n < (int)sizeof(defaults->state_dir) ? 0 : -1;
}

static int
serve(int argc, char **argv, char *const *whole)
{
	struct defaults defaults = {.listen = "server.listen=127.0.0.1:8766"};
	const struct options_spec spec = {
	    .usage = "conformance-server [--listen ADDRESS:PORT] [-c FILE] [-s KEY=VALUE]...",
	    .help = "Serves the fixtures of the official conformance suite, in the foreground until SIGTERM.\n"
		    "  --listen=ADDRESS:PORT  default 127.0.0.1:8766",
	    .extra = own_options,
	    .take = take_listen,
	    .ctx = &defaults,
	};
	const char *settings[DEFAULTS + OPTIONS_SETTINGS_MAX] = {defaults.state_dir, "server.workers=4",
								 "admin.listen=off", defaults.listen};
	struct config_sources sources;
	struct options options;
	int status = options_parse(argc, argv, &spec, &options);

	if (status >= 0)
		return status;
	if (place_state(&defaults) < 0) {
		options_complain("cannot tell where this program lies");
		return OPTIONS_RETRY;
	}
	options_sources(&options, &sources);
	sources.path = options.config_path;
	memcpy(settings + DEFAULTS, options.settings, options.n_settings * sizeof(*settings));
	sources.settings = settings;
	sources.n_settings += DEFAULTS;
	return supervisor_run(&sources, whole);
}

/* The fixtures over standard input and output, as `magento-mcp stdio`; server.state_dir has to be set. */
static int
desktop(int argc, char **argv)
{
	static const struct options_spec spec = {
	    .usage = "conformance-server stdio [-c FILE] [-s KEY=VALUE]...",
	    .help = "Serves the fixtures over standard input and output.",
	};
	struct config *config = NULL;
	struct options options;
	int status = options_parse(argc, argv, &spec, &options);

	if (status >= 0)
		return status;
	status = options_load(&options, &config);
	if (status < 0)
		status = stdio_run(&fixtures, config);
	config_free(&config);
	return status;
}

int
main(int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "serve";

	if (strcmp(role, "worker") == 0)
		return worker_main(&fixtures);
	if (strcmp(role, "keeper") == 0)
		return keeper_main(argc - 1, argv + 1);
	if (strcmp(role, "stdio") == 0)
		return desktop(argc - 1, argv + 1);
	if (strcmp(role, "check") == 0)
		return cli_check(argc - 1, argv + 1);
	if (strcmp(role, "serve") == 0)
		return serve(argc - 1, argv + 1, argv);
	return serve(argc, argv, argv);
}
