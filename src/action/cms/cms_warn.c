#include "cms_warn.h"

#include <string.h>

#include "base/buf.h"
#include "batch.h"
#include "cms_text.h"
#include "json/get.h"
#include "magento/graphql.h"
#include "magento/template.h"
#include "results.h"

#define NAMED_MAX 5  /* identifiers in one sentence */
#define HOMES_MAX 10 /* store views asked for their home page */
#define NAMES_BYTES 400

void
cms_warnings_init(struct cms_warnings *warnings, const struct cms_kind *kind)
{
	*warnings = (struct cms_warnings){
	    .kind = kind, .switched_off = json_array(), .all_views = json_array(), .more_views = json_array()};
}

void
cms_warnings_fini(struct cms_warnings *warnings)
{
	json_decref(warnings->switched_off);
	json_decref(warnings->all_views);
	json_decref(warnings->more_views);
	*warnings = (struct cms_warnings){.kind = NULL};
}

static void
note(struct cms_warnings *warnings, json_t *list, const json_t *row)
{
	if (json_array_append_new(list, json_string(json_get_str(row, "identifier", ""))) < 0)
		warnings->failed = true;
}

void
cms_warnings_note(struct cms_warnings *warnings, const json_t *row, const json_t *from, const json_t *to,
		  bool is_all_views, bool is_more_views)
{
	if (json_is_true(json_object_get(from, "is_active")))
		note(warnings, warnings->switched_off, row);
	if (json_object_get(to, "title") != NULL)
		warnings->n_titled++;
	if (is_all_views) {
		warnings->n_all_views++;
		note(warnings, warnings->all_views, row);
	}
	if (is_more_views)
		note(warnings, warnings->more_views, row);
}

/* "home, about-us and 3 more" */
static void
put_names(struct buf *out, const json_t *names)
{
	size_t n = json_array_size(names);

	for (size_t i = 0; i < n && i < NAMED_MAX; i++) {
		json_t *name = json_array_get(names, i);

		if (i > 0)
			buf_put_str(out, ", ");
		template_clean_put(out, slice_of(json_string_value(name), json_string_length(name)), 60);
	}
	if (n > NAMED_MAX)
		buf_printf(out, " and %zu more", n - NAMED_MAX);
}

/* ---- content ---- */

static void
say_risks(json_t *updates, struct plan *plan)
{
	struct cms_risks risks = cms_text_risks(json_get_str(updates, "content", ""));

	if (risks.script)
		plan_warn(plan, "The content has a <script> tag: Magento stores and shows it unfiltered.");
	if (risks.handler)
		plan_warn(plan, "The content has an inline event handler (such as onclick=): Magento stores and shows "
				"it unfiltered.");
	if (risks.directive)
		plan_warn(plan, "The content has {{ }} directives: the storefront will carry them out.");
}

/* ---- the home page ---- */

/* "home", or "home|2" where two pages share the identifier. */
static bool
names_home(const char *home, const char *identifier)
{
	size_t len = strcspn(home, "|");

	return strlen(identifier) == len && strncmp(home, identifier, len) == 0;
}

static bool
is_special(const json_t *homes, const char *identifier)
{
	if (strcmp(identifier, "home") == 0 || strcmp(identifier, "no-route") == 0)
		return true;
	for (size_t i = 0; i < json_array_size(homes); i++) {
		if (names_home(json_string_value(json_array_get(homes, i)), identifier))
			return true;
	}
	return false;
}

/* What one view says; a storefront without GraphQL says nothing. */
static int
ask_home(struct store_client *sc, const char *view, json_t *homes, struct fault *fault)
{
	json_t *data = NULL;
	const char *home;

	if (graphql_query(&sc->magento, view, "{storeConfig{cms_home_page}}", NULL, &data, fault) < 0) {
		if (batch_is_fatal(fault))
			return -1;
		fault_fini(fault);
		fault_init(fault);
		return 0;
	}
	home = json_get_str(json_get_object(data, "storeConfig"), "cms_home_page", NULL);
	if (home != NULL && json_array_append_new(homes, json_string(home)) < 0)
		result_out_of_memory(fault);
	json_decref(data);
	return fault->code == FAULT_NONE ? 0 : -1;
}

static int
read_homes(struct store_client *sc, const struct scope_tree *tree, json_t *homes, struct fault *fault)
{
	size_t asked = 0;

	if (tree == NULL)
		return ask_home(sc, NULL, homes, fault);
	for (size_t i = 0; i < tree->n_views && asked < HOMES_MAX; i++) {
		if (!tree->views[i].active)
			continue;
		asked++;
		if (ask_home(sc, tree->views[i].code, homes, fault) < 0)
			return -1;
	}
	return 0;
}

static int
say_switched_off(struct cms_warnings *warnings, struct store_client *sc, const struct scope_tree *tree,
		 struct plan *plan, struct fault *fault)
{
	json_t *homes;

	if (warnings->kind != &cms_pages || json_array_size(warnings->switched_off) == 0)
		return 0;
	homes = json_array();
	if (homes == NULL || read_homes(sc, tree, homes, fault) < 0) {
		json_decref(homes);
		return fault->code != FAULT_NONE ? -1 : result_out_of_memory(fault);
	}
	for (size_t i = 0; i < json_array_size(warnings->switched_off); i++) {
		const char *identifier = json_string_value(json_array_get(warnings->switched_off, i));

		if (is_special(homes, identifier)) {
			plan_warn(plan, "The page %.100s is %s: the storefront needs it, and it would be switched off.",
				  identifier,
				  strcmp(identifier, "no-route") == 0 ? "what visitors see instead of a missing page"
								      : "a home page");
		}
	}
	json_decref(homes);
	return 0;
}

/* ---- the rest ---- */

static void
say_views(const struct cms_warnings *warnings, struct plan *plan)
{
	struct buf names;

	buf_init(&names, NAMES_BYTES);
	put_names(&names, warnings->all_views);
	if (json_array_size(warnings->all_views) > 0) {
		plan_warn(plan, "%zu %s assigned to all store views, so the change shows in all of them: %s.",
			  json_array_size(warnings->all_views), warnings->kind->nouns, buf_cstr(&names));
	}
	buf_clear(&names);
	put_names(&names, warnings->more_views);
	if (json_array_size(warnings->more_views) > 0) {
		plan_warn(
		    plan,
		    "%zu %s also assigned to store views that were not asked for, the change shows there, too: %s.",
		    json_array_size(warnings->more_views), warnings->kind->nouns, buf_cstr(&names));
	}
	buf_fini(&names);
}

int
cms_warnings_say(struct cms_warnings *warnings, struct store_client *sc, const struct scope_tree *tree, json_t *updates,
		 struct plan *plan, struct fault *fault)
{
	if (warnings->failed)
		return result_out_of_memory(fault);
	if (plan_count(plan) > 0)
		say_risks(updates, plan);
	say_views(warnings, plan);
	if (warnings->n_titled > 1)
		plan_warn(plan, "The same title for %zu %s.", warnings->n_titled, warnings->kind->nouns);
	return say_switched_off(warnings, sc, tree, plan, fault);
}
