/* The gallery of a product, and the websites it is in. */

#include "demo.h"
#include "entity.h"
#include "errors.h"
#include "projection.h"
#include "routes.h"
#include "text.h"

#include <ctype.h>
#include <string.h>

static struct product *
find_product(const struct request *req, struct reply *reply)
{
	struct product *product = catalog_find(req->demo->catalog, req->args[0]);

	if (product == NULL)
		error_set(reply, 404, ERROR_NO_PRODUCT);
	return product;
}

/* Nowhere else are the pictures themselves shown. */
void
routes_media_list(struct request *req, struct reply *reply)
{
	const struct product *product = find_product(req, reply);

	if (product != NULL)
		reply_set_json(reply, 200, projection_apply_query(req, product_render_media(product, true)));
}

/* Place of an entry by the id in the path, the end of the list if there is none. */
static size_t
find_entry(const struct request *req, const struct product *product)
{
	long long id = 0;
	size_t i = 0;

	(void)text_parse_integer(req->args[1], &id);
	while (i < json_array_size(product->media) &&
	       json_integer_value(json_object_get(json_array_get(product->media, i), "id")) != id)
		i++;
	return i;
}

void
routes_media_get(struct request *req, struct reply *reply)
{
	const struct product *product = find_product(req, reply);
	json_t *entry;

	if (product == NULL)
		return;
	entry = json_array_get(product->media, find_entry(req, product));
	if (entry == NULL)
		error_set(reply, 404, "The image doesn't exist. Verify and try again.");
	else
		reply_set_json(reply, 200, projection_apply_query(req, json_copy(entry)));
}

static json_int_t
next_id(const struct catalog *catalog)
{
	json_int_t last = 0;

	for (size_t i = 0; i < catalog->count; i++) {
		const json_t *media = catalog->rows[i]->media;
		const json_t *entry = json_array_get(media, json_array_size(media) - 1);

		if (json_integer_value(json_object_get(entry, "id")) > last)
			last = json_integer_value(json_object_get(entry, "id"));
	}
	return last + 1;
}

/* image, small_image and thumbnail become attributes of the product as well. */
static void
set_roles(struct product *product, const json_t *types, const char *file)
{
	json_t *type;
	size_t i;

	json_array_foreach(types, i, type)
	{
		int attribute = json_is_string(type) ? attribute_find(json_string_value(type)) : -1;

		if (attribute >= 0 && strcmp(attributes[attribute].input, "media_image") == 0)
			product_set(product, attribute, SCOPE_ALL, json_string(file));
	}
}

static void
add_entry(struct request *req, struct product *product, json_t *entry, struct reply *reply)
{
	const char *name = json_string_value(json_object_get(json_object_get(entry, "content"), "name"));
	json_int_t id = next_id(req->demo->catalog);
	json_t *types = json_object_get(entry, "types");
	char file[160];

	snprintf(file, sizeof(file), "/%c/%c/%.120s", tolower((unsigned char)name[0]),
		 name[1] != '\0' && name[1] != '.' ? tolower((unsigned char)name[1]) : '_', name);
	json_array_append_new(product->media,
			      json_pack("{s:I, s:s, s:O?, s:I, s:b, s:o, s:s, s:O}", "id", id, "media_type", "image",
					"label", json_object_get(entry, "label"), "position",
					json_integer_value(json_object_get(entry, "position")), "disabled",
					json_is_true(json_object_get(entry, "disabled")), "types",
					json_is_array(types) ? json_incref(types) : json_array(), "file", file,
					"content", json_object_get(entry, "content")));
	set_roles(product, types, file);
	catalog_touch(req->demo->catalog, product);
	reply_set_json(reply, 200, json_sprintf("%lld", (long long)id));
}

void
routes_media_post(struct request *req, struct reply *reply)
{
	struct product *product = find_product(req, reply);
	json_t *entry = product != NULL ? entity_find_wrapped(req, "entry", reply) : NULL;
	const json_t *content = json_object_get(entry, "content");

	if (entry == NULL)
		return;
	if (!json_is_object(content))
		error_set_fatal(reply);
	else if (json_string_length(json_object_get(content, "name")) == 0 ||
		 json_string_length(json_object_get(content, "base64_encoded_data")) == 0)
		error_set(reply, 400, "The image content is invalid. Verify the content and try again.");
	else
		add_entry(req, product, entry, reply);
}

void
routes_media_delete(struct request *req, struct reply *reply)
{
	struct product *product = find_product(req, reply);
	const json_t *entry;
	size_t place;

	if (product == NULL)
		return;
	place = find_entry(req, product);
	entry = json_array_get(product->media, place);
	if (entry == NULL) {
		error_set(reply, 404, "The image doesn't exist. Verify and try again.");
		return;
	}
	set_roles(product, json_object_get(entry, "types"), "no_selection");
	json_array_remove(product->media, place);
	catalog_touch(req->demo->catalog, product);
	reply_set_json(reply, 200, json_true());
}

static void
drop_website(struct product *product, json_int_t website_id)
{
	for (size_t i = json_array_size(product->website_ids); i > 0; i--) {
		if (json_integer_value(json_array_get(product->website_ids, i - 1)) == website_id)
			json_array_remove(product->website_ids, i - 1);
	}
}

void
routes_media_add_website(struct request *req, struct reply *reply)
{
	struct product *product = find_product(req, reply);
	const json_t *link = product != NULL ? entity_find_wrapped(req, "productWebsiteLink", reply) : NULL;
	json_int_t id = json_integer_value(json_object_get(link, "website_id"));

	if (link == NULL)
		return;
	if (id == 0 || !scope_has_website(id)) {
		error_set(reply, 400, "Could not assign product to websites.");
		return;
	}
	drop_website(product, id);
	json_array_append_new(product->website_ids, json_integer(id));
	catalog_touch(req->demo->catalog, product);
	reply_set_json(reply, 200, json_true());
}

/* true, whether the product was there or not. */
void
routes_media_drop_website(struct request *req, struct reply *reply)
{
	struct product *product = find_product(req, reply);
	json_int_t id;

	if (product == NULL || entity_read_id(req->args[1], &id, reply) < 0)
		return;
	drop_website(product, id);
	catalog_touch(req->demo->catalog, product);
	reply_set_json(reply, 200, json_true());
}
