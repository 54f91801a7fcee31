/*
 * load.c - from sources to a checked struct config, and its end
 */
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/pool.h"
#include "config/config.h"
#include "config/environment.h"
#include "config/keys.h"
#include "config/rules.h"
#include "config/settings.h"
#include "config/value.h"

#define POOL_MAX (16u * 1024 * 1024)

static struct config *
config_new(void)
{
	struct config *cfg = calloc(1, sizeof(*cfg));

	if (cfg == NULL)
		return NULL;
	cfg->pool = pool_new(POOL_MAX);
	if (cfg->pool == NULL) {
		free(cfg);
		return NULL;
	}
	return cfg;
}

void
config_free(struct config **cfg)
{
	if (*cfg == NULL)
		return;
	if ((*cfg)->stores != NULL)
		secret_wipe_bytes((*cfg)->stores, (*cfg)->n_stores * sizeof(*(*cfg)->stores));
	secret_wipe(&(*cfg)->fastly.api_token);
	pool_free(&(*cfg)->pool);
	free(*cfg);
	*cfg = NULL;
}

static void
warn(struct config *cfg, const char *subject, const char *text)
{
	char *line;

	if (cfg->n_warnings == CONFIG_WARNINGS_MAX)
		return;
	line = pool_printf(cfg->pool, "%s %s", subject, text);
	if (line != NULL)
		cfg->warnings[cfg->n_warnings++] = line;
}

/* ---- applying ---- */

static void *
owner_of(struct config *cfg, const struct config_key *key, size_t instance)
{
	if (key->flags & KEY_PER_STORE)
		return &cfg->stores[instance];
	if (key->flags & KEY_PER_PRINCIPAL)
		return &cfg->principals[instance];
	return cfg;
}

static size_t
instances_of(const struct config *cfg, const struct config_key *key)
{
	if (key->flags & KEY_PER_STORE)
		return cfg->n_stores;
	return key->flags & KEY_PER_PRINCIPAL ? cfg->n_principals : 1;
}

static int
make_instances(struct config *cfg, const struct settings *settings)
{
	size_t i;

	if (settings->n_stores > 0) {
		cfg->stores = pool_alloc(cfg->pool, settings->n_stores * sizeof(*cfg->stores));
		if (cfg->stores == NULL)
			return ERR_NOMEM;
		cfg->n_stores = settings->n_stores;
	}
	if (settings->n_principals > 0) {
		cfg->principals = pool_alloc(cfg->pool, settings->n_principals * sizeof(*cfg->principals));
		if (cfg->principals == NULL)
			return ERR_NOMEM;
		cfg->n_principals = settings->n_principals;
	}
	for (i = 0; i < cfg->n_stores; i++)
		cfg->stores[i].name = settings->stores[i].name;
	for (i = 0; i < cfg->n_principals; i++)
		cfg->principals[i].name = settings->principals[i].name;
	return 0;
}

static int
apply_defaults(struct config *cfg, struct err *err)
{
	size_t i, k;
	int r;

	for (i = 0; i < keys_count; i++) {
		const struct config_key *key = &keys_table[i];
		/* The name of a file in the state directory is put in front of it when that is known. */
		const char *text = key->flags & KEY_IN_STATE_DIR ? "" : key->fallback;

		for (k = 0; text != NULL && k < instances_of(cfg, key); k++) {
			r = value_parse(key, slice_from_str(text), cfg->pool, owner_of(cfg, key, k), err);
			must(r != ERR_INVALID);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* A relative name means the directory into which systemd puts the credentials of the service. */
static int
secret_path(struct config *cfg, const struct setting *setting, char *const *environ, const char **path_r,
	    struct err *err)
{
	const char *directory = environment_get(environ, "CREDENTIALS_DIRECTORY");

	if (setting->value.len == 0)
		return err_set(err, ERR_INVALID, "the name of the file is empty, write a path");
	if (setting->value.ptr[0] == '/')
		*path_r = pool_slicedup(cfg->pool, setting->value);
	else if (directory != NULL)
		*path_r = pool_printf(cfg->pool, "%s/%.*s", directory, SLICE_FMT(setting->value));
	else
		return err_set(err, ERR_INVALID,
			       "the file's path is not absolute, begin it with / (only with systemd's "
			       "credentials a plain name will do)");
	return *path_r == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
}

static int
apply_file(struct config *cfg, const struct setting *setting, char *const *environ, struct err *err)
{
	const char *path;
	struct slice text;
	struct buf bytes;
	int r;

	buf_init_secret(&bytes, 4096);
	r = secret_path(cfg, setting, environ, &path, err);
	if (r == 0)
		r = fd_read_file(path, 4095, &bytes, err);
	if (r < 0)
		goto out;
	text = buf_slice(&bytes);
	if (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	if (text.len > 0 && text.ptr[text.len - 1] == '\r')
		text.len--;
	r = value_parse(setting->key, text, cfg->pool, owner_of(cfg, setting->key, setting->instance), err);
	if (r < 0)
		err_prefix(err, "in the file");
out:
	buf_fini(&bytes);
	return r;
}

static int
apply_one(struct config *cfg, const struct settings *settings, const struct setting *setting, char *const *environ,
	  struct err *err)
{
	const struct config_key *key = setting->key;
	int r;

	if (setting->is_file_name) {
		/* What a later source replaces need not be there. */
		if (settings_winner(settings, key, setting->instance) != setting)
			return 0;
		r = apply_file(cfg, setting, environ, err);
	} else {
		r = value_parse(key, setting->value, cfg->pool, owner_of(cfg, key, setting->instance), err);
	}
	if (r < 0)
		return settings_blame(settings, setting, err);
	if (key->type == TYPE_SECRET && setting->place.rank == RANK_OPTION && !setting->is_file_name)
		warn(cfg, key->key,
		     "was given with -s: every user of this machine can see it; use a file, -s is for tests");
	return 0;
}

static int
apply_all(struct config *cfg, const struct settings *settings, char *const *environ, struct err *err)
{
	int rank;
	size_t i;
	int r;

	for (rank = 0; rank < RANK_COUNT; rank++) {
		for (i = 0; i < settings->n; i++) {
			if ((int)settings->items[i].place.rank != rank)
				continue;
			r = apply_one(cfg, settings, &settings->items[i], environ, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Paths that were left empty become files in the state directory. */
static int
derive_paths(struct config *cfg)
{
	size_t i;

	for (i = 0; i < keys_count; i++) {
		const struct config_key *key = &keys_table[i];
		const char **field;

		if (!(key->flags & KEY_IN_STATE_DIR))
			continue;
		field = (const char **)((char *)cfg + key->offset);
		if ((*field)[0] != '\0')
			continue;
		*field = pool_printf(cfg->pool, "%s/%s", cfg->server.state_dir, key->fallback);
		if (*field == NULL)
			return ERR_NOMEM;
	}
	return 0;
}

/* The caller's own default, checked like any value. */
static int
apply_state_dir(struct config *cfg, const char *state_dir, struct err *err)
{
	const struct config_key *key = keys_find("server", SLICE_LIT("state_dir"));

	must(key != NULL);
	return state_dir != NULL ? value_parse(key, slice_from_str(state_dir), cfg->pool, cfg, err) : 0;
}

static int
build(struct config *cfg, const struct settings *settings, const struct config_sources *src, struct err *err)
{
	int r;

	r = make_instances(cfg, settings);
	if (r == 0)
		r = apply_defaults(cfg, err);
	if (r == 0)
		r = apply_state_dir(cfg, src->state_dir, err);
	if (r == 0)
		r = apply_all(cfg, settings, src->environ, err);
	if (r == 0)
		r = derive_paths(cfg);
	if (r == ERR_NOMEM)
		return err_set(err, ERR_NOMEM, "out of memory");
	if (r == 0 && !src->opens_no_sockets)
		r = rules_check_sockets(cfg, settings, err);
	return r < 0 ? r : rules_check(cfg, settings, err);
}

/* ---- the two ways in ---- */

static void
add_warnings(struct config *cfg, bool seed_ignored)
{
	bool has_cache = cfg->cache.varnish_hosts.n > 0 || cfg->fastly.service_id[0] != '\0';

	if (seed_ignored)
		warn(cfg, "MAGENTO_BASE_URL and its like",
		     "are ignored, because the configuration file defines stores");
	if (!cfg->magento.verify_tls)
		warn(cfg, "magento.verify_tls",
		     "is off: anybody on the way can read and change what is sent to Magento");
	if (has_cache && config_store_default(cfg) == NULL)
		warn(cfg, "cache.varnish_hosts and fastly.*",
		     "have no effect, since no store is the default; write is_default = yes in one");
}

static int
collect(struct settings *settings, const struct config_sources *src, struct buf *file, bool *ignored_r, struct err *err)
{
	size_t i;
	int r = 0;

	if (src->path != NULL) {
		r = fd_read_file(src->path, CONFIG_FILE_MAX, file, err);
		if (r == 0)
			r = settings_read_text(settings, buf_slice(file), src->path, err);
	}
	/* Before the environment, so that its upper-case names find the stores that -s names. */
	for (i = 0; r == 0 && i < src->n_settings; i++)
		r = settings_read_option(settings, src->settings[i], err);
	if (r == 0)
		r = environment_read(settings, src->environ, ignored_r, err);
	return r;
}

int
config_load(const struct config_sources *src, struct config **out_r, struct err *err)
{
	struct settings settings;
	struct err unwanted;
	struct config *cfg;
	struct buf file;
	bool seed_ignored = false;
	int r;

	*out_r = NULL;
	if (err == NULL)
		err = &unwanted;
	cfg = config_new();
	if (cfg == NULL)
		return err_set(err, ERR_NOMEM, "out of memory");
	settings_init(&settings, cfg->pool);
	buf_init_secret(&file, CONFIG_FILE_MAX);
	r = collect(&settings, src, &file, &seed_ignored, err);
	if (r == 0)
		r = build(cfg, &settings, src, err);
	if (r == 0) {
		add_warnings(cfg, seed_ignored);
		*out_r = cfg;
		cfg = NULL;
	}
	buf_fini(&file);
	settings_fini(&settings);
	config_free(&cfg);
	return r;
}

/* Only what is on the way to the socket is looked at, so that ctl can speak to a server whose file was broken since. */
static int
control_socket(struct settings *settings, struct config *cfg, struct err *err)
{
	const struct config_key *dir = keys_find("server", SLICE_LIT("state_dir"));
	const struct config_key *sock = keys_find("server", SLICE_LIT("control_socket"));
	const struct config_key *keys[] = {dir, sock};
	size_t i;
	int r;

	must(dir != NULL && sock != NULL);
	r = apply_defaults(cfg, err);
	for (i = 0; r == 0 && i < ARRAY_LEN(keys); i++) {
		const struct setting *setting = settings_winner(settings, keys[i], 0);

		if (setting != NULL)
			r = apply_one(cfg, settings, setting, NULL, err);
	}
	return r == 0 ? derive_paths(cfg) : r;
}

int
config_control_socket(const struct config_sources *src, struct buf *path, struct err *err)
{
	struct settings settings;
	struct err unwanted;
	struct config *cfg;
	struct buf file;
	int r, r_socket;

	if (err == NULL)
		err = &unwanted;
	cfg = config_new();
	if (cfg == NULL)
		return err_set(err, ERR_NOMEM, "out of memory");
	settings_init(&settings, cfg->pool);
	buf_init_secret(&file, CONFIG_FILE_MAX);
	r = collect(&settings, src, &file, NULL, err);
	r_socket = control_socket(&settings, cfg, r < 0 ? &unwanted : err);
	if (r_socket == 0)
		r_socket = buf_put_str(path, cfg->server.control_socket);
	buf_fini(&file);
	settings_fini(&settings);
	config_free(&cfg);
	return r < 0 ? r : r_socket;
}

int
config_parse_rendered(struct slice text, struct config **out_r, struct err *err)
{
	const struct config_sources none = {.opens_no_sockets = true}; /* it was checked when it was rendered */
	struct settings settings;
	struct err unwanted;
	struct config *cfg;
	int r;

	*out_r = NULL;
	if (err == NULL)
		err = &unwanted;
	cfg = config_new();
	if (cfg == NULL)
		return err_set(err, ERR_NOMEM, "out of memory");
	settings_init(&settings, cfg->pool);
	r = settings_read_text(&settings, text, "rendered configuration", err);
	if (r == 0)
		r = build(cfg, &settings, &none, err);
	if (r == 0) {
		*out_r = cfg;
		cfg = NULL;
	}
	settings_fini(&settings);
	config_free(&cfg);
	return r;
}

/* ---- looking up ---- */

const struct config_store *
config_store_find(const struct config *cfg, struct slice name)
{
	size_t i;

	for (i = 0; i < cfg->n_stores; i++) {
		if (slice_is(name, cfg->stores[i].name))
			return &cfg->stores[i];
	}
	return NULL;
}

const struct config_principal *
config_principal_find(const struct config *cfg, struct slice name)
{
	size_t i;

	for (i = 0; i < cfg->n_principals; i++) {
		if (slice_is(name, cfg->principals[i].name))
			return &cfg->principals[i];
	}
	return NULL;
}

const struct config_store *
config_store_default(const struct config *cfg)
{
	size_t i;

	for (i = 0; i < cfg->n_stores; i++) {
		if (cfg->stores[i].is_default)
			return &cfg->stores[i];
	}
	if (cfg->n_stores == 1)
		return &cfg->stores[0];
	return config_store_find(cfg, SLICE_LIT("default"));
}

const struct config_list *
config_store_varnish(const struct config *cfg, const struct config_store *store)
{
	bool is_default = store == config_store_default(cfg);

	return store->varnish_hosts.n == 0 && is_default ? &cfg->cache.varnish_hosts : &store->varnish_hosts;
}

bool
config_store_fastly(const struct config *cfg, const struct config_store *store, const char **service_id_r,
		    const struct secret **api_token_r)
{
	bool is_global = store->fastly_service_id[0] == '\0' && store == config_store_default(cfg);

	*service_id_r = is_global ? cfg->fastly.service_id : store->fastly_service_id;
	*api_token_r = is_global ? &cfg->fastly.api_token : &store->fastly_api_token;
	return (*service_id_r)[0] != '\0' && secret_is_set(*api_token_r);
}
