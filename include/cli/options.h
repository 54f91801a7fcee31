/*
 * options.h - the options that every subcommand takes
 *
 *   -c FILE, --config=FILE           the configuration file
 *   -s KEY=VALUE, --set=KEY=VALUE    one setting, section.key or store.NAME.key; may be repeated
 *   -h, --help                       one screen of help on standard output
 *   -V, --version
 *
 * A subcommand adds its own long options and a function that takes them.  GNU habits: options and operands may be
 * mixed,
 * `--` ends the options.  Nothing is copied: texts point into argv.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "config/config.h"

/* Exit statuses of every subcommand. */
#define OPTIONS_FINE 0
#define OPTIONS_RETRY 1 /* may work at another time */
#define OPTIONS_USAGE 2 /* the configuration or the usage cannot work */

#define OPTIONS_SETTINGS_MAX 256
#define OPTIONS_EXTRA_MAX 16
#define OPTIONS_DEFAULT_PATH "/etc/magento-mcp/magento-mcp.conf"

struct options {
	const char *config_path; /* NULL when no -c was given */
	const char *settings[OPTIONS_SETTINGS_MAX];
	size_t n_settings;
	const char *state_dir; /* set by the subcommand after options_parse(): see struct config_sources */
	bool opens_no_sockets; /* likewise */
	char **operands;       /* what is no option, in order; points into argv */
	size_t n_operands;
};

/* What a subcommand adds.  All borrowed. */
struct options_spec {
	const char *usage;	    /* "check [-c FILE] [-s KEY=VALUE]..." */
	const char *help;	    /* text below the usage; the common options are printed after it */
	const struct option *extra; /* own long options, ended by a zero row, each val >= OPTIONS_FIRST_OWN; or NULL */
	int (*take)(void *ctx, int val, const char *arg,
		    struct err *err); /* 0, or ERR_INVALID with the text to print */
	void *ctx;
	size_t max_operands;
};

#define OPTIONS_FIRST_OWN 1000

/*
 * Gives -1 when the subcommand should go on, else the status to exit with (help or version printed: OPTIONS_FINE; wrong
 * usage, already said on standard error: OPTIONS_USAGE).
 */
int options_parse(int argc, char **argv, const struct options_spec *spec, struct options *out_r) MUST_CHECK;

/* What config_load() is to read: the file of -c, else OPTIONS_DEFAULT_PATH if it is there; -s; this environment. */
void options_sources(const struct options *options, struct config_sources *src_r);

/*
 * Loads that.  Gives -1 to go on, else the status to exit with; the line that says why is then on standard error
 * already. Warnings of the loader go to standard error.
 */
int options_load(const struct options *options, struct config **cfg_r) MUST_CHECK;

/* The status that fits a failure: OPTIONS_RETRY for a shortage, OPTIONS_USAGE for the rest. */
int options_status(int code);

/* Prints "magento-mcp: TEXT" on standard error. */
void options_complain(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
