/*
 * options.c - see cli/options.h
 */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OPTIONS_COMMON 4

static const struct option common_options[OPTIONS_COMMON + 1] = {
    {"config", required_argument, NULL, 'c'},
    {"set", required_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

static const char common_help[] = "  -c, --config=FILE    configuration file (default " OPTIONS_DEFAULT_PATH ")\n"
				  "  -s, --set=KEY=VALUE  one setting, section.key or store.NAME.key; may be repeated\n"
				  "  -h, --help           this text\n"
				  "  -V, --version        version of the program\n";

void
options_complain(const char *fmt, ...)
{
	va_list ap;

	fputs("magento-mcp: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int
options_status(int code)
{
	return code == ERR_NOMEM ? OPTIONS_RETRY : OPTIONS_USAGE;
}

static void
join_tables(const struct options_spec *spec, struct option all_r[static OPTIONS_COMMON + OPTIONS_EXTRA_MAX + 1])
{
	size_t n = OPTIONS_COMMON, i;

	memcpy(all_r, common_options, sizeof(common_options));
	for (i = 0; spec->extra != NULL && spec->extra[i].name != NULL; i++) {
		must(i < OPTIONS_EXTRA_MAX && spec->extra[i].val >= OPTIONS_FIRST_OWN);
		all_r[n++] = spec->extra[i];
	}
	memset(&all_r[n], 0, sizeof(all_r[n]));
}

static int
wrong_usage(const struct options_spec *spec)
{
	fprintf(stderr, "Usage: magento-mcp %s\n", spec->usage);
	return OPTIONS_USAGE;
}

static int
take_setting(struct options *options, const char *text)
{
	if (options->n_settings == OPTIONS_SETTINGS_MAX) {
		options_complain("more than %d -s options, write the settings into a file", OPTIONS_SETTINGS_MAX);
		return OPTIONS_USAGE;
	}
	options->settings[options->n_settings++] = text;
	return -1;
}

static int
take_own(const struct options_spec *spec, int val)
{
	struct err err = {0};

	must(spec->take != NULL);
	if (spec->take(spec->ctx, val, optarg, &err) == 0)
		return -1;
	options_complain("%s", err.text);
	return OPTIONS_USAGE;
}

/* `word` is the argument getopt stumbled over; it may hold a secret behind its =. */
static int
refuse_option(const struct options_spec *spec, bool wants_argument, const char *word)
{
	int name_len = (int)strcspn(word, "=");

	if (wants_argument)
		options_complain("%.*s wants an argument", name_len, word);
	else
		options_complain("%.*s is no option of this command, or is not used so", name_len, word);
	return wrong_usage(spec);
}

static int
take_option(const struct options_spec *spec, int val, char *const *argv, struct options *out)
{
	switch (val) {
	case 'c':
		out->config_path = optarg;
		return -1;
	case 's':
		return take_setting(out, optarg);
	case 'h':
		printf("Usage: magento-mcp %s\n\n%s\n%s", spec->usage, spec->help, common_help);
		return OPTIONS_FINE;
	case 'V':
		printf("magento-mcp %s\n", MAGENTO_MCP_VERSION);
		return OPTIONS_FINE;
	case '?':
	case ':':
		return refuse_option(spec, val == ':', argv[optind - 1]);
	default:
		return take_own(spec, val);
	}
}

int
options_parse(int argc, char **argv, const struct options_spec *spec, struct options *out_r)
{
	struct option all[OPTIONS_COMMON + OPTIONS_EXTRA_MAX + 1];
	int status = -1;
	int val;

	*out_r = (struct options){0};
	join_tables(spec, all);
	opterr = 0;
	optind = 0; /* glibc: begin anew, with its own state reset */
	while (status < 0) {
		val = getopt_long(argc, argv, ":c:s:hV", all, NULL);
		if (val == -1)
			break;
		status = take_option(spec, val, argv, out_r);
	}
	if (status >= 0)
		return status;
	out_r->operands = argv + optind;
	out_r->n_operands = (size_t)(argc - optind);
	if (out_r->n_operands > spec->max_operands) {
		options_complain("%s is one argument too many", out_r->operands[spec->max_operands]);
		return wrong_usage(spec);
	}
	return -1;
}

void
options_sources(const struct options *options, struct config_sources *src_r)
{
	*src_r = (struct config_sources){
	    .path = options->config_path,
	    .settings = options->settings,
	    .n_settings = options->n_settings,
	    .environ = environ,
	    .state_dir = options->state_dir,
	    .opens_no_sockets = options->opens_no_sockets,
	};
	if (src_r->path == NULL && access(OPTIONS_DEFAULT_PATH, F_OK) == 0)
		src_r->path = OPTIONS_DEFAULT_PATH;
}

int
options_load(const struct options *options, struct config **cfg_r)
{
	struct config_sources src;
	struct err err;
	size_t i;
	int r;

	options_sources(options, &src);
	r = config_load(&src, cfg_r, &err);
	if (r < 0) {
		/* The text begins with the place, as compilers write it; no program name in front. */
		fprintf(stderr, "%s\n", err.text);
		return options_status(r);
	}
	for (i = 0; i < (*cfg_r)->n_warnings; i++)
		options_complain("warning: %s", (*cfg_r)->warnings[i]);
	return -1;
}
