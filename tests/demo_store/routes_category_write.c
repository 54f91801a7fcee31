/* Writing categories: creating, changing, moving, deleting, assigning products. */

#include "demo.h"
#include "entity.h"
#include "errors.h"
#include "routes.h"
#include "text.h"
#include "urls.h"

#include <stdlib.h>
#include <string.h>

#define NOT_SAVED "Could not save category: %1"

enum { TOP_LEVEL = 2 };

static int
refuse(struct reply *reply, const char *why)
{
	error_set_listed(reply, 400, NOT_SAVED, json_pack("[s]", why));
	return -1;
}

/* Values of custom_attributes by code, in stored form: what is not a text is none. New reference. */
static json_t *
read_custom(const json_t *body)
{
	json_t *values = json_object(), *entry;
	size_t i;

	json_array_foreach(json_object_get(body, "custom_attributes"), i, entry)
	{
		const char *code = json_string_value(json_object_get(entry, "attribute_code"));
		const json_t *value = json_object_get(entry, "value");
		char buf[TEXT_NUMBER_MAX];
		const char *text = value != NULL ? text_from_json(value, buf) : NULL;

		if (code != NULL)
			json_object_set_new(values, code, text != NULL ? json_string(text) : json_null());
	}
	return values;
}

static void
make_key(json_t *custom, const char *text)
{
	char *slug = text != NULL ? text_make_slug(text) : NULL;

	if (slug != NULL)
		json_object_set_new(custom, "url_key", json_string(slug));
	free(slug);
}

/* -1 and 400 for a member that does not belong to the top level. */
static int
check_members(json_t *body, struct reply *reply)
{
	const char *name;
	json_t *value;

	json_object_foreach(body, name, value)
	{
		int field = categories_find_field(name);

		if (strcmp(name, "custom_attributes") == 0 || strcmp(name, "extension_attributes") == 0 ||
		    strcmp(name, "available_sort_by") == 0)
			continue;
		if (field < 0 || categories_field_is_custom(field)) {
			error_set_unsupported(reply, name);
			return -1;
		}
	}
	return 0;
}

static int
check_key(const struct request *req, const json_t *custom, int parent_id, const struct category *except,
	  struct reply *reply)
{
	const char *key = json_string_value(json_object_get(custom, "url_key"));

	if (key != NULL && categories_has_url_key(&req->demo->categories, parent_id, key, except))
		return refuse(reply, ERROR_URL_KEY_TAKEN);
	return 0;
}

static void
set_value(struct category *category, enum category_index field, int store, json_t *value)
{
	scoped_set(&category->values[field], field == CAT_POSITION ? REACH_GLOBAL : REACH_STORE, store,
		   json_incref(value));
}

/* name: null does nothing; null in custom_attributes lets a view inherit again. */
static void
write_values(struct category *category, int store, const json_t *body, json_t *custom, const char *time)
{
	json_t *name = json_object_get(body, "name"), *active = json_object_get(body, "is_active");
	json_t *menu = json_object_get(body, "include_in_menu"), *position = json_object_get(body, "position"), *value;
	const char *code;

	if (json_is_string(name))
		set_value(category, CAT_NAME, store, name);
	if (json_is_boolean(active))
		set_value(category, CAT_ACTIVE, store, active);
	if (json_is_boolean(menu))
		set_value(category, CAT_MENU, store, menu);
	if (json_is_integer(position))
		set_value(category, CAT_POSITION, store, position);
	json_object_foreach(custom, code, value)
	{
		int field = categories_find_field(code);

		if (field >= CAT_DISPLAY_MODE && field != CAT_URL_PATH && field != CAT_CHILDREN_COUNT)
			scoped_set(&category->values[field], REACH_STORE, store,
				   json_is_string(value) ? json_incref(value) : NULL);
	}
	scoped_set(&category->values[CAT_UPDATED], REACH_GLOBAL, SCOPE_ALL, json_string(time));
}

static bool
keeps_history(const json_t *custom)
{
	const char *text = json_string_value(json_object_get(custom, "save_rewrites_history"));

	return text != NULL && strcmp(text, "1") == 0;
}

/* Addresses of every category, in the order of the rows. NULL if memory is short. */
static struct url_set *
read_addresses(const struct demo *demo)
{
	struct url_set *sets = calloc(demo->categories.count + 1, sizeof(*sets));

	for (size_t i = 0; sets != NULL && i < demo->categories.count; i++)
		urls_read_category(&demo->categories.rows[i], &sets[i]);
	return sets;
}

/* After a change that added or removed no row: refreshes what depends on it. Frees the addresses of before. */
static void
follow(struct demo *demo, struct url_set *before, bool keep)
{
	categories_refresh(&demo->categories);
	for (size_t i = 0; before != NULL && i < demo->categories.count; i++)
		urls_follow_category(demo, &demo->categories.rows[i], &before[i], keep);
	free(before);
	demo->catalog->generation++; /* the tree shows names */
}

void
routes_categories_put(struct request *req, struct reply *reply)
{
	struct category *category = routes_categories_find(req, req->args[0], reply);
	json_t *body = json_object_get(req->body, "category"), *custom;
	struct url_set *before;
	char time[20];

	if (category == NULL)
		return;
	if (!json_is_object(body)) {
		error_set_required_one(reply, "category");
		return;
	}
	if (entity_pick_id(req, body, "id", category->id) != category->id) {
		error_set_named(reply, 404, ERROR_NO_ENTITY, "fieldName", "id");
		json_object_set_new(json_object_get(reply->json, "parameters"), "fieldValue", json_string("0"));
		return;
	}
	custom = read_custom(body);
	make_key(custom, json_string_value(json_object_get(custom, "url_key")));
	if (check_members(body, reply) == 0 && check_key(req, custom, category->parent_id, category, reply) == 0) {
		text_put_time(demo_now_s(req->demo), time);
		before = read_addresses(req->demo);
		write_values(category, req->store, body, custom, time);
		follow(req->demo, before, keeps_history(custom));
		writes_note_id(&req->demo->writes, req, "categories", category->id, req->body);
		reply_set_json(reply, 200, category_render(category, req->store));
	}
	json_decref(custom);
}

static void
create(struct request *req, json_t *body, json_t *custom, int parent_id, struct reply *reply)
{
	struct category *category;
	char time[20];

	text_put_time(demo_now_s(req->demo), time);
	category = categories_add(&req->demo->categories, parent_id, time);
	if (category == NULL) {
		error_set_internal(reply);
		return;
	}
	/* Whatever the scope, a new category's values are its global ones. */
	write_values(category, SCOPE_ALL, body, custom, time);
	categories_refresh(&req->demo->categories);
	req->demo->catalog->generation++;
	writes_note_id(&req->demo->writes, req, "categories", category->id, req->body);
	reply_set_json(reply, 200, category_render(category, req->store));
}

void
routes_categories_post(struct request *req, struct reply *reply)
{
	json_t *body = entity_find_wrapped(req, "category", reply), *custom;
	json_int_t parent_id = TOP_LEVEL;
	char buf[TEXT_NUMBER_MAX];
	const char *parent = text_from_json(json_object_get(body, "parent_id"), buf);

	if (body == NULL || check_members(body, reply) < 0)
		return;
	if (parent != NULL)
		parent_id = atoll(parent);
	if (categories_find(&req->demo->categories, parent_id) == NULL) {
		error_set_no_entity(reply, "id", parent_id);
		return;
	}
	custom = read_custom(body);
	make_key(custom, json_string_value(json_object_get(custom, "url_key")));
	if (json_object_get(custom, "url_key") == NULL)
		make_key(custom, json_string_value(json_object_get(body, "name")));
	if (json_string_length(json_object_get(body, "name")) == 0)
		refuse(reply, "The \"Name\" attribute value is empty. Set the attribute and try again.");
	else if (json_object_get(body, "is_active") == NULL)
		refuse(reply, "The \"Is Active\" attribute value is empty. Set the attribute and try again.");
	else if (check_key(req, custom, (int)parent_id, NULL, reply) == 0)
		create(req, body, custom, (int)parent_id, reply);
	json_decref(custom);
}

void
routes_categories_delete(struct request *req, struct reply *reply)
{
	const struct category *category = routes_categories_find(req, req->args[0], reply);
	int id;

	if (category == NULL)
		return;
	id = category->id;
	if (id <= TOP_LEVEL) {
		error_set_listed(reply, 400, "Cannot delete category with id %1", json_pack("[s]", req->args[0]));
		return;
	}
	categories_remove(&req->demo->categories, req->demo->catalog, id);
	urls_forget(req->demo, URL_CATEGORY, id);
	writes_note_id(&req->demo->writes, req, "categories", id, NULL);
	reply_set_json(reply, 200, json_true());
}

/* Moving leaves redirects without being asked. */
void
routes_categories_move(struct request *req, struct reply *reply)
{
	struct category *category = routes_categories_find(req, req->args[0], reply);
	const json_t *after = json_object_get(req->body, "afterId");
	json_int_t parent_id = json_integer_value(json_object_get(req->body, "parentId"));
	const struct category *parent;
	struct url_set *before;

	if (category == NULL)
		return;
	parent = categories_find(&req->demo->categories, parent_id);
	if (parent == NULL) {
		error_set_no_entity(reply, "id", parent_id);
		return;
	}
	if (category_is_within(parent, category)) {
		error_set(reply, 400, "Operation do not allow to move a parent category to any of children category");
		return;
	}
	before = read_addresses(req->demo);
	categories_move(&req->demo->categories, category, (int)parent_id,
			json_is_integer(after) ? json_integer_value(after) : -1);
	follow(req->demo, before, true);
	writes_note_id(&req->demo->writes, req, "categories", category->id, req->body);
	reply_set_json(reply, 200, json_true());
}

/* --- Products of a category --- */

static bool
drop_link(struct product *product, json_int_t category_id)
{
	json_t *link;
	size_t i;

	json_array_foreach(product->links, i, link)
	{
		if (atoll(json_string_value(json_object_get(link, "category_id"))) == category_id) {
			json_t *links = json_copy(product->links);

			json_array_remove(links, i);
			product_set_links(product, links);
			return true;
		}
	}
	return false;
}

/* The category in the body wins over the one in the path. */
void
routes_categories_save_product(struct request *req, struct reply *reply)
{
	const json_t *link = entity_find_wrapped(req, "productLink", reply);
	const char *sku = json_string_value(json_object_get(link, "sku")), *text;
	struct product *product = sku != NULL ? catalog_find(req->demo->catalog, sku) : NULL;
	const struct category *category;
	char buf[TEXT_NUMBER_MAX];
	json_t *links;

	if (link == NULL)
		return;
	text = text_from_json(json_object_get(link, "category_id"), buf);
	category = routes_categories_find(req, text != NULL ? text : req->args[0], reply);
	if (category == NULL)
		return;
	if (product == NULL) {
		error_set(reply, 404, ERROR_NO_PRODUCT);
		return;
	}
	drop_link(product, category->id);
	links = json_copy(product->links);
	json_array_append_new(links,
			      json_pack("{s:I, s:o}", "position", json_integer_value(json_object_get(link, "position")),
					"category_id", json_sprintf("%d", category->id)));
	product_set_links(product, links);
	catalog_touch(req->demo->catalog, product);
	reply_set_json(reply, 200, json_true());
}

void
routes_categories_delete_product(struct request *req, struct reply *reply)
{
	const struct category *category = routes_categories_find(req, req->args[0], reply);
	struct product *product = catalog_find(req->demo->catalog, req->args[1]);

	if (category == NULL)
		return;
	if (product == NULL) {
		error_set(reply, 404, ERROR_NO_PRODUCT);
	} else if (!drop_link(product, category->id)) {
		error_set(reply, 400, "The category doesn't contain the specified product.");
	} else {
		catalog_touch(req->demo->catalog, product);
		reply_set_json(reply, 200, json_true());
	}
}
