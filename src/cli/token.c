/*
 * token.c - magento-mcp token: a new client token and the section that lets it in
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/token.h"
#include "base/pool.h"
#include "base/rand.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "config/config.h"

#define POOL_MAX (256 * 1024)
#define SETTINGS_MAX (OPTIONS_SETTINGS_MAX + 4)

enum { OPT_SCOPES = OPTIONS_FIRST_OWN, OPT_STORES, OPT_EXPIRES };

struct request {
	const char *name;
	const char *scopes; /* NULL: not given */
	const char *stores;
	const char *expires;
};

static const struct option own_options[] = {
    {"scopes", required_argument, NULL, OPT_SCOPES},
    {"stores", required_argument, NULL, OPT_STORES},
    {"expires", required_argument, NULL, OPT_EXPIRES},
    {0},
};

static const char help[] = "Prints a new token for the caller NAME on the first line; it is shown only now.  The\n"
			   "lines below it belong into the configuration, which keeps no more than the token's hash.\n"
			   "With -c the names of stores are compared with that file.\n"
			   "\n"
			   "      --scopes=LIST    rights of the caller (default all)\n"
			   "      --stores=LIST    names of the stores it may use (default all)\n"
			   "      --expires=DATE   last day the token works, YYYY-MM-DD (default never)\n";

static int
take(void *ctx, int val, const char *arg, struct err *err UNUSED)
{
	struct request *request = ctx;

	if (val == OPT_SCOPES)
		request->scopes = arg;
	else if (val == OPT_STORES)
		request->stores = arg;
	else
		request->expires = arg;
	return 0;
}

/* Settings for a trial load; strings are in the pool. */
struct trial {
	struct pool *pool;
	const char *settings[SETTINGS_MAX];
	size_t n;
	bool is_short; /* of memory or room */
};

static void
add(struct trial *trial, const char *name, const char *key, const char *value)
{
	char *text;

	if (value == NULL)
		return;
	text = pool_printf(trial->pool, "principal.%s.%s=%s", name, key, value);
	if (text == NULL || trial->n == SETTINGS_MAX)
		trial->is_short = true;
	else
		trial->settings[trial->n++] = text;
}

/* The form of the names; whether there are such stores can be told only with a file. */
static int
check_names(const char *stores)
{
	const char *separators = ", \t";
	size_t len;

	for (; *stores != '\0'; stores += len) {
		stores += strspn(stores, separators);
		len = strcspn(stores, separators);
		if (len > 0 && !config_is_name(slice_of(stores, len))) {
			options_complain("--stores: %.*s is no name of a store", (int)len, stores);
			return ERR_INVALID;
		}
	}
	return 0;
}

static void
complain(const struct request *request, const struct err *err)
{
	char prefix[CONFIG_NAME_MAX + 32];
	size_t len;

	snprintf(prefix, sizeof(prefix), "-s: principal.%s.", request->name);
	len = strlen(prefix);
	if (strncmp(err->text, prefix, len) == 0)
		options_complain("--%s", err->text + len);
	else
		fprintf(stderr, "%s\n", err->text);
}

/*
 * The configuration's own reader judges the values.  Its text begins with `-s: principal.NAME.key: `; the caller wrote
 * --key.
 */
static int
judge(const struct request *request, const struct options *options, const char *hash)
{
	struct trial trial = {.pool = pool_new(POOL_MAX)};
	struct config_sources src = {.path = options->config_path, .settings = trial.settings};
	struct config *cfg = NULL;
	struct err err = {0};
	int r;

	if (trial.pool == NULL)
		return ERR_NOMEM;
	memcpy(trial.settings, options->settings, options->n_settings * sizeof(options->settings[0]));
	trial.n = options->n_settings;
	add(&trial, request->name, "token_sha256", hash);
	add(&trial, request->name, "scopes", request->scopes);
	add(&trial, request->name, "expires", request->expires);
	if (src.path != NULL) {
		add(&trial, request->name, "stores", request->stores);
		src.environ = environ;
	}
	src.n_settings = trial.n;
	r = trial.is_short ? err_set(&err, ERR_NOMEM, "out of memory") : config_load(&src, &cfg, &err);
	if (r < 0)
		complain(request, &err);
	config_free(&cfg);
	pool_free(&trial.pool);
	return r;
}

static void
print(const struct request *request, const char *token, const char *hash)
{
	printf("%s\n", token);
	printf("[principal \"%s\"]\n", request->name);
	printf("token_sha256 = %s\n", hash);
	if (request->scopes != NULL)
		printf("scopes = %s\n", request->scopes);
	if (request->stores != NULL)
		printf("stores = %s\n", request->stores);
	if (request->expires != NULL)
		printf("expires = %s\n", request->expires);
}

int
cli_token(int argc, char **argv)
{
	struct request request = {0};
	const struct options_spec spec = {
	    .usage = "token NAME [--scopes=LIST] [--stores=LIST] [--expires=DATE]",
	    .help = help,
	    .extra = own_options,
	    .take = take,
	    .ctx = &request,
	    .max_operands = 1,
	};
	char token[sizeof(TOKEN_PREFIX) + RAND_TOKEN_LEN] = TOKEN_PREFIX;
	char hash[TOKEN_SHA256_HEX_LEN + 1];
	struct options options;
	int status, r;

	status = options_parse(argc, argv, &spec, &options);
	if (status >= 0)
		return status;
	if (options.n_operands == 0 || !config_is_name(slice_from_str(options.operands[0]))) {
		options_complain("write the caller's name: letters, digits or . _ @ - and at most %d of them",
				 CONFIG_NAME_MAX);
		return OPTIONS_USAGE;
	}
	request.name = options.operands[0];

	rand_token(token + sizeof(TOKEN_PREFIX) - 1);
	token_sha256_hex(NULL, slice_from_str(token), hash);
	r = request.stores != NULL ? check_names(request.stores) : 0;
	if (r == 0)
		r = judge(&request, &options, hash);
	if (r == 0)
		print(&request, token, hash);
	secret_wipe_bytes(token, sizeof(token));
	return r < 0 ? options_status(r) : OPTIONS_FINE;
}
