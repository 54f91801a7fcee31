/*
 * environment.c - see environment.h
 */
#include "config/environment.h"

#include <string.h>

#include "config/ini.h"

#define PREFIX "MAGENTO_MCP_"

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* `text` is the upper-case form of `name`: _ stands for everything but letters and digits. */
static bool
is_form_of(struct slice text, const char *name)
{
	size_t i;

	if (text.len != strlen(name))
		return false;
	for (i = 0; i < text.len; i++) {
		char c = upper(name[i]);

		if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
			c = '_';
		if (text.ptr[i] != c)
			return false;
	}
	return true;
}

/* Takes the form of `word` and an underscore off the front. */
static bool
skip_word(struct slice *text, const char *word)
{
	size_t len = strlen(word);

	if (text->len <= len || text->ptr[len] != '_' || !is_form_of(slice_sub(*text, 0, len), word))
		return false;
	*text = slice_sub(*text, len + 1, text->len);
	return true;
}

/* Takes _FILE off the end. */
static bool
skip_file(struct slice *text)
{
	const size_t len = sizeof("_FILE") - 1;

	if (text->len <= len || !slice_is(slice_sub(*text, text->len - len, len), "_FILE"))
		return false;
	text->len -= len;
	return true;
}

/*
 * The key that `text` ends with, the longest one first (STORE_A_OAUTH_TOKEN_SECRET ends with no shorter key, but a
 * later table might change that); what stands before it is the name.
 */
static const struct config_key *
find_suffix(const struct config_section *section, struct slice text, struct slice *name_r)
{
	const struct config_key *found = NULL;
	size_t found_len = 0;
	size_t i;

	for (i = 0; i < keys_count; i++) {
		size_t len = strlen(keys_table[i].key);

		if (keys_table[i].section != section->name && strcmp(keys_table[i].section, section->name) != 0)
			continue;
		if (text.len < len + 2 || len <= found_len || text.ptr[text.len - len - 1] != '_')
			continue;
		if (is_form_of(slice_sub(text, text.len - len, len), keys_table[i].key)) {
			found = &keys_table[i];
			found_len = len;
			*name_r = slice_sub(text, 0, text.len - len - 1);
		}
	}
	return found;
}

static const struct config_key *
find_plain(const struct config_section *section, struct slice text)
{
	size_t i;

	for (i = 0; i < keys_count; i++) {
		if (strcmp(keys_table[i].section, section->name) == 0 && is_form_of(text, keys_table[i].key))
			return &keys_table[i];
	}
	return NULL;
}

/* The section with a name of this form; a new one when there is none. */
static int
find_instance(struct settings *settings, const struct config_section *section, struct slice form,
	      struct settings_place place, size_t *index_r, struct err *err)
{
	bool is_store = section->flags & KEY_PER_STORE;
	const struct settings_instance *all = is_store ? settings->stores : settings->principals;
	size_t n = is_store ? settings->n_stores : settings->n_principals;
	char name[CONFIG_NAME_MAX];
	size_t found = SIZE_MAX;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!is_form_of(form, all[i].name))
			continue;
		if (found != SIZE_MAX)
			return err_set(err, ERR_INVALID, "%s: two sections, %s and %s, have this name, rename one",
				       place.source, all[found].name, all[i].name);
		found = i;
	}
	if (found != SIZE_MAX) {
		*index_r = found;
		return 0;
	}
	for (i = 0; i < form.len && i < sizeof(name); i++)
		name[i] = lower(form.ptr[i]);
	if (form.len > sizeof(name) || !ini_is_name(slice_of(name, form.len)))
		return err_set(err, ERR_INVALID, "%s: the %s's name in it has a form that is not allowed", place.source,
			       section->name);
	return settings_instance_get(settings, section->flags, slice_of(name, form.len), place, index_r, err);
}

static int
refuse_key(const struct config_section *section, struct slice text, const char *variable, struct err *err)
{
	char word[CONFIG_NAME_MAX];
	const char *nearest;
	size_t i;

	for (i = 0; i < text.len && i < sizeof(word); i++)
		word[i] = lower(text.ptr[i]);
	nearest = section->flags == 0 ? keys_nearest(section->name, slice_of(word, i), NULL) : NULL;
	return err_set(err, ERR_INVALID, "%s: section %s has no such key%s%s, rename or unset the variable", variable,
		       section->name, nearest != NULL ? ", the nearest is " : "", nearest != NULL ? nearest : "");
}

/* `text` is what follows MAGENTO_MCP_SECTION_. */
static int
add_own(struct settings *settings, const struct config_section *section, struct slice text, struct slice value,
	const char *variable, struct err *err)
{
	struct setting setting = {.value = value, .place = {RANK_ENVIRONMENT, variable, 0}};
	struct slice name = SLICE_NONE;
	int r = 0;

	setting.key = section->flags == 0 ? find_plain(section, text) : find_suffix(section, text, &name);
	if (setting.key == NULL && skip_file(&text)) {
		setting.is_file_name = true;
		setting.key = section->flags == 0 ? find_plain(section, text) : find_suffix(section, text, &name);
		if (setting.key != NULL && setting.key->type != TYPE_SECRET)
			setting.key = NULL;
	}
	if (setting.key == NULL)
		return refuse_key(section, text, variable, err);
	if (section->flags != 0)
		r = find_instance(settings, section, name, setting.place, &setting.instance, err);
	return r < 0 ? r : settings_add(settings, &setting, err);
}

static int
read_own(struct settings *settings, struct slice name, struct slice value, const char *variable, struct err *err)
{
	size_t i;

	for (i = 0; i < keys_sections_count; i++) {
		struct slice rest = slice_sub(name, sizeof(PREFIX) - 1, name.len);

		if (skip_word(&rest, keys_sections[i].name))
			return add_own(settings, &keys_sections[i], rest, value, variable, err);
	}
	return 0;
}

static int
read_seed(struct settings *settings, struct slice name, struct slice value, const char *variable, bool *ignored,
	  struct err *err)
{
	struct setting setting = {.value = value, .place = {RANK_SEED, variable, 0}};
	size_t i;
	int r = 0;

	for (i = 0; i < keys_count && setting.key == NULL; i++) {
		if (keys_table[i].seed != NULL && slice_is(name, keys_table[i].seed))
			setting.key = &keys_table[i];
	}
	if (setting.key == NULL)
		return 0;
	if (setting.key->flags & KEY_PER_STORE) {
		if (settings->file_has_stores) {
			*ignored = true;
			return 0;
		}
		r = settings_instance_get(settings, KEY_PER_STORE, SLICE_LIT("default"), setting.place,
					  &setting.instance, err);
	}
	return r < 0 ? r : settings_add(settings, &setting, err);
}

int
environment_read(struct settings *settings, char *const *environ, bool *ignored_r, struct err *err)
{
	bool ignored = false;
	int r = 0;

	for (; environ != NULL && *environ != NULL && r == 0; environ++) {
		struct slice all = slice_from_str(*environ);
		ptrdiff_t equals = slice_find(all, '=');
		struct slice name, value;
		const char *variable;

		if (equals <= 0)
			continue;
		name = slice_sub(all, 0, (size_t)equals);
		value = slice_trim(slice_sub(all, (size_t)equals + 1, all.len));
		if (value.len == 0 || (!slice_has_prefix(name, "M") && !slice_has_prefix(name, "FASTLY_")))
			continue;
		variable = pool_slicedup(settings->pool, name);
		if (variable == NULL)
			return err_set(err, ERR_NOMEM, "out of memory");
		if (slice_has_prefix(name, PREFIX))
			r = read_own(settings, name, value, variable, err);
		else
			r = read_seed(settings, name, value, variable, &ignored, err);
	}
	if (ignored_r != NULL)
		*ignored_r = ignored;
	return r;
}

const char *
environment_get(char *const *environ, const char *name)
{
	size_t len = strlen(name);

	for (; environ != NULL && *environ != NULL; environ++) {
		if (strncmp(*environ, name, len) == 0 && (*environ)[len] == '=')
			return *environ + len + 1;
	}
	return NULL;
}
