/*
 * settings.c - see settings.h
 */
#include "config/settings.h"

#include <stdlib.h>
#include <string.h>

#include "config/ini.h"
#include "config/value.h"

#define SETTINGS_MAX 16384

void
settings_init(struct settings *settings, struct pool *pool)
{
	*settings = (struct settings){.pool = pool};
}

void
settings_fini(struct settings *settings)
{
	free(settings->items);
	settings->items = NULL;
	settings->n = settings->cap = 0;
}

bool
config_is_name(struct slice name)
{
	return ini_is_name(name);
}

/* ---- saying where ---- */

static int
blame_place(const struct settings_place *place, struct err *err)
{
	if (place->rank == RANK_FILE)
		return err_prefix(err, "%s:%u", place->source, place->line);
	return err_prefix(err, "%s", place->rank == RANK_OPTION ? "-s" : place->source);
}

static int
blame_name(const struct settings *settings, const struct config_key *key, size_t instance, struct err *err)
{
	if (key->flags & KEY_PER_STORE)
		return err_prefix(err, "store.%s.%s", settings->stores[instance].name, key->key);
	if (key->flags & KEY_PER_PRINCIPAL)
		return err_prefix(err, "principal.%s.%s", settings->principals[instance].name, key->key);
	return err_prefix(err, "%s.%s", key->section, key->key);
}

int
settings_blame(const struct settings *settings, const struct setting *setting, struct err *err)
{
	enum settings_rank rank = setting->place.rank;

	/* A variable's name says already which key is meant. */
	if (rank == RANK_FILE || rank == RANK_OPTION)
		blame_name(settings, setting->key, setting->instance, err);
	return blame_place(&setting->place, err);
}

int
settings_blame_key(const struct settings *settings, const struct config_key *key, size_t instance, struct err *err)
{
	const struct setting *winner = settings_winner(settings, key, instance);

	if (winner != NULL)
		return settings_blame(settings, winner, err);
	blame_name(settings, key, instance, err);
	if (key->flags & KEY_PER_STORE)
		return blame_place(&settings->stores[instance].place, err);
	if (key->flags & KEY_PER_PRINCIPAL)
		return blame_place(&settings->principals[instance].place, err);
	return err->code;
}

/* ---- collecting ---- */

const struct setting *
settings_winner(const struct settings *settings, const struct config_key *key, size_t instance)
{
	const struct setting *winner = NULL;
	size_t i;

	for (i = 0; i < settings->n; i++) {
		const struct setting *s = &settings->items[i];

		if (s->key == key && s->instance == instance && (winner == NULL || s->place.rank >= winner->place.rank))
			winner = s;
	}
	return winner;
}

static int
check_twice(const struct settings *settings, const struct setting *setting, struct err *err)
{
	size_t i;

	if (setting->place.rank == RANK_OPTION)
		return 0;
	for (i = 0; i < settings->n; i++) {
		const struct setting *s = &settings->items[i];

		if (s->key != setting->key || s->instance != setting->instance || s->place.rank != setting->place.rank)
			continue;
		if (s->is_file_name != setting->is_file_name)
			err_set(err, ERR_INVALID, "both %s and %s_file are given, keep one of them", s->key->key,
				s->key->key);
		else if (s->place.rank == RANK_FILE)
			err_set(err, ERR_INVALID, "the key was set already in line %u, keep one of them",
				s->place.line);
		else
			err_set(err, ERR_INVALID, "the variable is there twice, keep one of them");
		return settings_blame(settings, setting, err);
	}
	return 0;
}

static int
grow(struct settings *settings)
{
	size_t cap = settings->cap == 0 ? 64 : settings->cap * 2;
	struct setting *items;

	if (settings->n < settings->cap)
		return 0;
	items = realloc(settings->items, cap * sizeof(*items));
	if (items == NULL)
		return ERR_NOMEM;
	settings->items = items;
	settings->cap = cap;
	return 0;
}

int
settings_add(struct settings *settings, const struct setting *setting, struct err *err)
{
	int r;

	r = check_twice(settings, setting, err);
	if (r < 0)
		return r;
	if (settings->n >= SETTINGS_MAX)
		return err_set(err, ERR_INVALID, "more than %d settings are given", SETTINGS_MAX);
	r = grow(settings);
	if (r < 0)
		return err_set(err, r, "out of memory");
	settings->items[settings->n++] = *setting;
	return 0;
}

int
settings_instance_get(struct settings *settings, unsigned kind, struct slice name, struct settings_place place,
		      size_t *index_r, struct err *err)
{
	bool is_store = kind & KEY_PER_STORE;
	struct settings_instance *all = is_store ? settings->stores : settings->principals;
	size_t *n = is_store ? &settings->n_stores : &settings->n_principals;
	size_t max = is_store ? CONFIG_STORES_MAX : CONFIG_PRINCIPALS_MAX;
	size_t i;

	for (i = 0; i < *n; i++) {
		if (slice_is(name, all[i].name)) {
			*index_r = i;
			return 0;
		}
	}
	if (*n == max) {
		err_set(err, ERR_INVALID, "there are more than %zu %s, remove some", max,
			is_store ? "stores" : "principals");
		return blame_place(&place, err);
	}
	all[*n].name = pool_slicedup(settings->pool, name);
	all[*n].place = place;
	if (all[*n].name == NULL)
		return err_set(err, ERR_NOMEM, "out of memory");
	*index_r = (*n)++;
	return 0;
}

/* ---- names that are not known ---- */

static int
refuse_section(struct slice word, struct err *err)
{
	const char *nearest = keys_nearest(NULL, word, NULL);
	char shown[VALUE_SHOW_CAP];

	if (nearest != NULL)
		return err_set(err, ERR_INVALID, "%s: there is no such section, write %s", value_show(word, shown),
			       nearest);
	return err_set(err, ERR_INVALID,
		       "%s: there is no such section; `magento-mcp check --print-sample` shows them all",
		       value_show(word, shown));
}

static int
refuse_key(const char *section, struct slice word, struct err *err)
{
	const char *elsewhere;
	const char *nearest = keys_nearest(section, word, &elsewhere);
	char shown[VALUE_SHOW_CAP];

	value_show(word, shown);
	if (elsewhere != NULL)
		return err_set(err, ERR_INVALID, "%s.%s: there is no such key here, write it in section %s", section,
			       shown, elsewhere);
	if (nearest != NULL)
		return err_set(err, ERR_INVALID, "%s.%s: there is no such key, write %s", section, shown, nearest);
	return err_set(err, ERR_INVALID,
		       "%s.%s: there is no such key; `magento-mcp check --print-sample` shows them all", section,
		       shown);
}

static int
find_key(const char *section, struct slice word, struct setting *setting, struct err *err)
{
	setting->key = keys_find(section, word);
	setting->is_file_name = false;
	if (setting->key == NULL) {
		setting->key = keys_find_file(section, word);
		setting->is_file_name = true;
	}
	return setting->key == NULL ? refuse_key(section, word, err) : 0;
}

/* ---- text ---- */

/* Where the reader of a text is. */
struct cursor {
	const struct config_section *section;
	size_t instance;
	unsigned lines[32]; /* line of each plain section that was there, by its index in the table */
};

static int
enter_plain(struct cursor *cursor, const struct ini_item *item, struct err *err)
{
	size_t index = (size_t)(cursor->section - keys_sections);

	must(index < ARRAY_LEN(cursor->lines));
	if (item->name.ptr != NULL)
		return err_set(err, ERR_INVALID, "%s: this section takes no name, write [%s]", cursor->section->name,
			       cursor->section->name);
	if (cursor->lines[index] != 0)
		return err_set(err, ERR_INVALID, "%s: the section was there already in line %u, join the two",
			       cursor->section->name, cursor->lines[index]);
	cursor->lines[index] = item->line;
	return 0;
}

static int
enter_section(struct settings *settings, struct cursor *cursor, const struct ini_item *item,
	      struct settings_place place, struct err *err)
{
	size_t before = settings->n_stores + settings->n_principals;
	int r;

	cursor->section = keys_section_find(item->section);
	cursor->instance = 0;
	if (cursor->section == NULL)
		r = refuse_section(item->section, err);
	else if (cursor->section->flags == 0)
		r = enter_plain(cursor, item, err);
	else if (item->name.ptr == NULL)
		r = err_set(err, ERR_INVALID, "%s: this section needs a name, write [%s \"NAME\"]",
			    cursor->section->name, cursor->section->name);
	else
		r = 0;
	if (r < 0)
		return blame_place(&place, err);
	if (cursor->section->flags == 0)
		return 0;

	r = settings_instance_get(settings, cursor->section->flags, item->name, place, &cursor->instance, err);
	if (r == 0 && before == settings->n_stores + settings->n_principals) {
		err_set(err, ERR_INVALID,
			"%s.%.*s: a section of this name was there already, join the two or rename one",
			cursor->section->name, SLICE_FMT(item->name));
		r = blame_place(&place, err);
	}
	return r;
}

int
settings_read_text(struct settings *settings, struct slice text, const char *source, struct err *err)
{
	struct settings_place place = {RANK_FILE, source, 0};
	struct cursor cursor = {0};
	struct ini_reader reader;
	struct ini_item item;
	int r;

	ini_init(&reader, text);
	for (;;) {
		r = ini_next(&reader, &item, err);
		place.line = item.line;
		if (r < 0)
			return blame_place(&place, err);
		if (item.kind == INI_END)
			break;
		if (item.kind == INI_SECTION) {
			r = enter_section(settings, &cursor, &item, place, err);
		} else {
			struct setting setting = {.instance = cursor.instance, .value = item.value, .place = place};

			r = find_key(cursor.section->name, item.key, &setting, err);
			r = r < 0 ? blame_place(&place, err) : settings_add(settings, &setting, err);
		}
		if (r < 0)
			return r;
	}
	settings->file_has_stores = settings->n_stores > 0;
	return 0;
}

/* ---- -s ---- */

/* section.key or section.NAME.key; a NAME may hold dots. */
static int
split_path(struct slice path, struct slice *section_r, struct slice *name_r, struct slice *key_r)
{
	ptrdiff_t first = slice_find(path, '.');
	size_t last = path.len;

	if (first < 0)
		return ERR_INVALID;
	while (path.ptr[last - 1] != '.')
		last--;
	*section_r = slice_sub(path, 0, (size_t)first);
	*key_r = slice_sub(path, last, path.len);
	*name_r = SLICE_NONE;
	if ((size_t)first + 1 < last)
		*name_r = slice_sub(path, (size_t)first + 1, last - (size_t)first - 2);
	return 0;
}

static int
resolve_option(struct slice path, struct setting *setting, struct slice *name_r, struct err *err)
{
	const struct config_section *section;
	struct slice word, name, key;
	int r;

	if (split_path(path, &word, &name, &key) < 0)
		return err_set(err, ERR_INVALID, "this is no setting, write section.key=value or store.NAME.key=value");
	section = keys_section_find(word);
	if (section == NULL)
		return refuse_section(word, err);
	r = find_key(section->name, key, setting, err);
	if (r < 0)
		return r;
	if (section->flags == 0 && name.ptr != NULL)
		return err_set(err, ERR_INVALID, "%s: this section takes no name, write %s.%s=value", section->name,
			       section->name, setting->key->key);
	if (section->flags != 0 && !ini_is_name(name))
		return err_set(err, ERR_INVALID,
			       "%s: a name of letters, digits or . _ @ - is missing, write %s.NAME.%s=value",
			       section->name, section->name, setting->key->key);
	*name_r = name;
	return 0;
}

int
settings_read_option(struct settings *settings, const char *text, struct err *err)
{
	struct setting setting = {.place = {RANK_OPTION, "-s", 0}};
	struct slice all = slice_from_str(text);
	ptrdiff_t equals = slice_find(all, '=');
	struct slice name;
	unsigned kind;
	int r;

	if (equals < 0) {
		err_set(err, ERR_INVALID, "this is no setting, write section.key=value or store.NAME.key=value");
		return blame_place(&setting.place, err);
	}
	setting.value = slice_trim(slice_sub(all, (size_t)equals + 1, all.len));
	r = resolve_option(slice_trim(slice_sub(all, 0, (size_t)equals)), &setting, &name, err);
	if (r < 0)
		return blame_place(&setting.place, err);
	kind = setting.key->flags & (KEY_PER_STORE | KEY_PER_PRINCIPAL);
	if (kind != 0)
		r = settings_instance_get(settings, kind, name, setting.place, &setting.instance, err);
	return r < 0 ? r : settings_add(settings, &setting, err);
}
