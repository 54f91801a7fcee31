/*
 * display_judge_category.c - is the product in a category that the store view shows?
 */
#include <stdlib.h>
#include <string.h>

#include "display_findings.h"
#include "json/get.h"

static const json_t *
category_of(const json_t *facts, int64_t id)
{
	const json_t *list = json_get_array(facts, "categories");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *category = json_array_get(list, i);

		if (json_get_int(category, "id", 0) == id)
			return category;
	}
	return NULL;
}

/* The next id of a path such as "1/2/3"; 0 at its end. */
static int64_t
next_id(const char **path)
{
	char *end;
	int64_t id = strtoll(*path, &end, 10);

	*path = *end == '/' ? end + 1 : end;
	return id;
}

static bool
lies_below(const json_t *category, int64_t root)
{
	const char *path = json_get_str(category, "path", "");
	int64_t id = next_id(&path);

	while (id != 0) {
		if (id == root)
			return true;
		id = next_id(&path);
	}
	return root == 0;
}

/* The first inactive one from the top down, itself included; NULL when all are active.  Root 1 says nothing. */
static const json_t *
inactive_in_path(const json_t *facts, const json_t *category)
{
	const char *path = json_get_str(category, "path", "");
	int64_t id = next_id(&path);

	while (id != 0) {
		const json_t *step = category_of(facts, id);

		if (step != NULL && !json_get_bool(step, "is_active", true))
			return step;
		id = next_id(&path);
	}
	return NULL;
}

#define CATEGORY_ACTION                                                                                                \
	"Put it into an active category: catalog_prepare_bulk_update with category_ids; or activate the category in "  \
	"the "                                                                                                         \
	"admin panel."

static int64_t
link_id(const json_t *link)
{
	const json_t *id = json_object_get(link, "category_id");

	return json_is_string(id) ? strtoll(json_string_value(id), NULL, 10) : json_get_int(link, "category_id", 0);
}

static void
judge_categories(struct place *place)
{
	json_t *facts = place->findings->facts;
	const json_t *links = display_extension(place->findings->product, "category_links");
	const json_t *blocked_by = NULL, *blocked = NULL;
	size_t below = 0;

	for (size_t i = 0; i < json_array_size(links); i++) {
		const json_t *category = category_of(facts, link_id(json_array_get(links, i)));

		if (category == NULL || !lies_below(category, json_get_int(place->view, "root_category_id", 0)))
			continue;
		below++;
		blocked = category;
		blocked_by = inactive_in_path(facts, category);
		if (blocked_by == NULL) {
			display_record(place, VERDICT_OK, NULL, "In the category %s",
				       json_get_str(category, "name", ""));
			return;
		}
	}
	if (below == 0)
		display_record(place, VERDICT_BAD, CATEGORY_ACTION, "In no category below this store's root category");
	else if (blocked == blocked_by)
		display_record(place, VERDICT_BAD, CATEGORY_ACTION, "Its category %s is inactive",
			       json_get_str(blocked, "name", ""));
	else
		display_record(place, VERDICT_BAD, CATEGORY_ACTION,
			       "Its category %s lies below the inactive category %s", json_get_str(blocked, "name", ""),
			       json_get_str(blocked_by, "name", ""));
}

void
display_judge_category(struct place *place)
{
	const char *error = json_get_str(place->findings->facts, "categories_error", NULL);

	place->check = "category";
	if (json_array_size(display_extension(place->findings->product, "category_links")) == 0)
		display_record(place, VERDICT_BAD, CATEGORY_ACTION, "In no category");
	else if (error != NULL)
		display_record(place, VERDICT_UNKNOWN, NULL, "%s", error);
	else
		judge_categories(place);
}
