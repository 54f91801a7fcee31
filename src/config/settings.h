/*
 * settings.h - what the sources say, collected before anything is applied
 *
 * Values are borrowed from the sources; only names are copied (into the pool).  Each setting knows where it stands, so
 * that a refusal can say so.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/slice.h"
#include "config/config.h"
#include "config/keys.h"

/* Later wins. */
enum settings_rank { RANK_FILE, RANK_SEED, RANK_ENVIRONMENT, RANK_OPTION, RANK_COUNT };

struct settings_place {
	enum settings_rank rank;
	const char *source; /* file or variable name */
	unsigned line;	    /* RANK_FILE only */
};

struct setting {
	const struct config_key *key;
	size_t instance;   /* index of the store or principal; 0 for other sections */
	bool is_file_name; /* KEY_file: the value names a file with the secret */
	struct slice value;
	struct settings_place place;
};

struct settings_instance {
	const char *name;
	struct settings_place place; /* where it was first named */
};

struct settings {
	struct setting *items;
	size_t n, cap;
	struct settings_instance stores[CONFIG_STORES_MAX];
	size_t n_stores;
	struct settings_instance principals[CONFIG_PRINCIPALS_MAX];
	size_t n_principals;
	bool file_has_stores;
	struct pool *pool; /* borrowed */
};

void settings_init(struct settings *settings, struct pool *pool);
void settings_fini(struct settings *settings);

/* Reads INI text (a file's, or a rendered configuration); `source` goes into refusals. */
int settings_read_text(struct settings *settings, struct slice text, const char *source, struct err *err) MUST_CHECK;

/* Reads the text of one -s option. */
int settings_read_option(struct settings *settings, const char *text, struct err *err) MUST_CHECK;

/*
 * Adds one setting.  A second one for the same key, name and rank is refused, except on the command line, where the
 * last one wins.
 */
int settings_add(struct settings *settings, const struct setting *setting, struct err *err) MUST_CHECK;

/* Index of a named section, added when it is new. */
int settings_instance_get(struct settings *settings, unsigned kind, struct slice name, struct settings_place place,
			  size_t *index_r, struct err *err) MUST_CHECK;

/* The setting that decides, or NULL when the default does. */
const struct setting *settings_winner(const struct settings *settings, const struct config_key *key, size_t instance);

/* Puts `PLACE: KEY: ` before the text of *err.  Both give back err->code. */
int settings_blame(const struct settings *settings, const struct setting *setting, struct err *err);
int settings_blame_key(const struct settings *settings, const struct config_key *key, size_t instance, struct err *err);

#endif
