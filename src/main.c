/*
 * main.c - from the first word of the command line to the role that this process plays
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "keeper/server.h"
#include "supervisor/supervisor.h"
#include "worker/stdio.h"
#include "worker/worker.h"

static int
serve(int argc, char **argv)
{
	static const struct options_spec spec = {
	    .usage = "serve [-c FILE] [-s KEY=VALUE]...",
	    .help = "Serves in the foreground until SIGTERM.  SIGHUP reloads the configuration, see magento-mcp(8).",
	};
	struct config_sources sources;
	struct options options;
	int status = options_parse(argc, argv, &spec, &options);

	if (status >= 0)
		return status;
	options_sources(&options, &sources);
	return supervisor_run(&sources, argv - 1); /* with the name of the program */
}

/* Where the state of one user's programs belongs (XDG base directories; a relative name counts as none). */
static const char *
state_home(char path_r[static PATH_MAX])
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int n = -1;

	if (state != NULL && state[0] == '/')
		n = snprintf(path_r, PATH_MAX, "%s/magento-mcp", state);
	else if (home != NULL && home[0] == '/')
		n = snprintf(path_r, PATH_MAX, "%s/.local/state/magento-mcp", home);
	return n > 0 && n < PATH_MAX ? path_r : NULL;
}

static int
desktop(int argc, char **argv)
{
	static const struct options_spec spec = {
	    .usage = "stdio [-c FILE] [-s KEY=VALUE]...",
	    .help = "Serves one client over standard input and output, one message per line, until its\n"
		    "input ends.  The log goes to standard error.  State is kept in\n"
		    "$XDG_STATE_HOME/magento-mcp (~/.local/state/magento-mcp) unless server.state_dir is set.\n",
	};
	struct config *config = NULL;
	struct options options;
	char state_dir[PATH_MAX];
	int status = options_parse(argc, argv, &spec, &options);

	if (status >= 0)
		return status;
	options.state_dir = state_home(state_dir);
	options.opens_no_sockets = true;
	status = options_load(&options, &config);
	if (status < 0)
		status = stdio_run(&action_product_magento, config);
	config_free(&config);
	return status;
}

static int
work(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return worker_main(&action_product_magento);
}

static int help(int argc, char **argv);
static int version(int argc, char **argv);

static const struct role {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary; /* NULL: not for people */
} roles[] = {
    {"serve", serve, "serve MCP over HTTP: a supervisor and its workers"},
    {"stdio", desktop, "serve MCP over standard input and output, for desktop clients"},
    {"check", cli_check, "check a configuration, or print a sample of one"},
    {"doctor", cli_doctor, "examine the configured stores"},
    {"tools", cli_tools, "list the tools that clients get"},
    {"token", cli_token, "make a client token"},
    {"ctl", cli_ctl, "ask or steer a running server: status, reload, upgrade, drain, stop, reopen"},
    {"worker", work, NULL},
    {"keeper", keeper_main, NULL},
    {"help", help, NULL},
    {"--help", help, NULL},
    {"-h", help, NULL},
    {"--version", version, NULL},
    {"-V", version, NULL},
};

static int
help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("magento-mcp " MAGENTO_MCP_VERSION
	       ": lets AI assistants run Magento shops, over the Model Context Protocol\n\n"
	       "usage: magento-mcp COMMAND [OPTION]...\n\n");
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		if (roles[i].summary != NULL)
			printf("  %-8s %s\n", roles[i].name, roles[i].summary);
	}
	printf("\n`magento-mcp COMMAND --help` tells more; magento-mcp(8) and magento-mcp.conf(5) tell all.\n");
	return 0;
}

static int
version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("magento-mcp " MAGENTO_MCP_VERSION "\n");
	return 0;
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "help";

	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		if (strcmp(roles[i].name, name) == 0)
			return roles[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "magento-mcp: there is no command %s; `magento-mcp help` lists them\n", name);
	return 2;
}
