#include "product_write.h"

#include "errors.h"
#include "product_draft.h"
#include "text.h"
#include "urls.h"

#include <stdlib.h>
#include <string.h>

/* One write on its way: what is to change, and where. */
struct write {
	struct request *req;
	struct reply *reply;
	struct product *product; /* NULL until created */
	struct draft draft;
	json_int_t missing_category; /* an unknown id in category_ids, else 0 */
};

json_t *
product_answer(const struct request *req, struct product *product, int store)
{
	if (acl_allows(req->role, ACL_INVENTORY))
		return product_render_full(product, store);
	return json_incref(product_render_item(product, store));
}

static int
refuse(struct write *write, const char *message)
{
	error_set(write->reply, 400, message);
	return -1;
}

/* An empty required field may be sent as null in a view, where it means "inherit again". */
static bool
empties(const struct write *write, int attribute)
{
	const struct draft *draft = &write->draft;
	bool empty = draft->values[attribute] == NULL || json_string_length(draft->values[attribute]) == 0;

	if (!draft->sent[attribute])
		return false;
	if (json_is_number(draft->values[attribute]))
		return false;
	if (draft->values[attribute] == NULL && write->req->store != SCOPE_ALL)
		return false;
	return empty;
}

static bool
url_key_is_taken(const struct write *write, const char *url_key)
{
	struct demo *demo = write->req->demo;

	return catalog_has_url_key(demo->catalog, url_key, write->product) ||
	       urls_product_key_is_taken(demo, url_key, write->product);
}

static int
check_values(struct write *write)
{
	const json_t *price = write->draft.values[ATTR_PRICE], *url_key = write->draft.values[ATTR_URL_KEY];

	if (empties(write, ATTR_NAME))
		return refuse(write, "The \"Product Name\" attribute value is empty. Set the attribute and try again.");
	if (empties(write, ATTR_PRICE))
		return refuse(write, "The \"Price\" attribute value is empty. Set the attribute and try again.");
	if (price != NULL && json_number_value(price) < 0)
		return refuse(write, "Please enter a number 0 or greater in this field.");
	if (url_key != NULL && url_key_is_taken(write, json_string_value(url_key)))
		return refuse(write, ERROR_URL_KEY_TAKEN);
	return 0;
}

/* What a new product needs, and the address it gets if none was sent. */
static int
check_creation(struct write *write)
{
	struct draft *draft = &write->draft;
	char *slug;

	if (draft->values[ATTR_SET] == NULL) {
		error_set_listed(write->reply, 400, "Invalid product data: %1",
				 json_pack("[s]", "Invalid attribute set entity type"));
		return -1;
	}
	if (json_string_length(draft->values[ATTR_NAME]) == 0)
		return refuse(write, "The \"Product Name\" attribute value is empty. Set the attribute and try again.");
	if (draft->values[ATTR_URL_KEY] == NULL) {
		slug = text_make_slug(json_string_value(draft->values[ATTR_NAME]));
		draft->values[ATTR_URL_KEY] = json_string(slug);
		draft->sent[ATTR_URL_KEY] = true;
		free(slug);
	}
	return 0;
}

static void
set_defaults(struct product *product, int store)
{
	product_set(product, ATTR_STATUS, SCOPE_ALL, json_integer(1));
	product_set(product, ATTR_VISIBILITY, SCOPE_ALL, json_integer(4));
	product_set(product, ATTR_OPTIONS_CONTAINER, SCOPE_ALL, json_string("container2"));
	product_set(product, ATTR_MSRP_DISPLAY, SCOPE_ALL, json_string("0"));
	product_set(product, ATTR_REQUIRED_OPTIONS, SCOPE_ALL, json_string("0"));
	product_set(product, ATTR_HAS_OPTIONS, SCOPE_ALL, json_string("0"));
	product_set(product, ATTR_TAX_CLASS, SCOPE_ALL, json_string("2"));
	product_set_links(product, json_array());
	/* Through all views a product comes into every website, through one view into that view's. */
	if (store == SCOPE_ALL || scope_views[store].website_id == WEBSITE_BASE)
		json_array_append_new(product->website_ids, json_integer(WEBSITE_BASE));
	if (store == SCOPE_ALL || scope_views[store].website_id == WEBSITE_EU)
		json_array_append_new(product->website_ids, json_integer(WEBSITE_EU));
	product->in_stock = true;
}

static int
create(struct write *write, const char *sku)
{
	struct demo *demo = write->req->demo;
	const char *type = json_string_value(write->draft.values[ATTR_TYPE]);
	char time[20];

	text_put_time(demo_now_s(demo), time);
	write->product = catalog_add(demo->catalog, demo->catalog->next_id, sku, type != NULL ? type : "simple", time);
	if (write->product == NULL) {
		error_set_internal(write->reply);
		return -1;
	}
	set_defaults(write->product, write->req->store);
	if (product_has_type(write->product, "configurable")) {
		write->product->children = json_array();
		write->product->configurable_options = json_array();
	}
	/* Whatever the scope, a new product's values are its global ones. */
	for (int i = ATTR_ID + 1; i < ATTR_COUNT; i++) {
		if (write->draft.sent[i] && i != ATTR_TYPE && i != ATTR_SKU && i != ATTR_CATEGORY_IDS)
			product_set(write->product, i, SCOPE_ALL, json_incref(write->draft.values[i]));
	}
	return 0;
}

static bool
is_settable(const struct write *write, int attribute)
{
	switch (attribute) {
	case ATTR_ID:
	case ATTR_SKU:
	case ATTR_TYPE:
	case ATTR_CREATED:
	case ATTR_UPDATED:
	case ATTR_CATEGORY_IDS:
		return false;
	case ATTR_PRICE:
		return !product_has_type(write->product, "configurable");
	default:
		return true;
	}
}

static void
update_values(struct write *write)
{
	int store = write->req->store;

	for (int i = 0; i < ATTR_COUNT; i++) {
		if (write->draft.sent[i] && is_settable(write, i))
			product_set(write->product, i, store, json_incref(write->draft.values[i]));
	}
}

/* A special price without a beginning starts today. */
static void
start_special_price(struct write *write)
{
	int store = write->req->store;
	char time[20];

	if (write->draft.values[ATTR_SPECIAL_PRICE] == NULL ||
	    product_get(write->product, ATTR_SPECIAL_FROM, store) != NULL)
		return;
	text_put_time(demo_now_s(write->req->demo) / 86400 * 86400, time);
	product_set(write->product, ATTR_SPECIAL_FROM, store, json_string(time));
}

static json_int_t
id_number(const json_t *id)
{
	char buf[TEXT_NUMBER_MAX];
	const char *text = text_from_json(id, buf);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* Place of a category in a list of links, or its end. */
static size_t
find_link(const json_t *links, json_int_t category_id)
{
	size_t i = 0;

	while (i < json_array_size(links) &&
	       id_number(json_object_get(json_array_get(links, i), "category_id")) != category_id)
		i++;
	return i;
}

/*
 * category_ids: the set is replaced, those that stay keep their position. The known ones are saved, and then the first
 * unknown one ends the request with 404.
 */
static void
assign_ids(struct write *write)
{
	json_t *ids = write->draft.values[ATTR_CATEGORY_IDS], *links = json_array(), *id;
	size_t i;

	json_array_foreach(ids, i, id)
	{
		json_int_t number = id_number(id);
		json_t *old = json_array_get(write->product->links, find_link(write->product->links, number));

		if (old != NULL)
			json_array_append(links, old);
		else if (categories_find(&write->req->demo->categories, number) != NULL)
			json_array_append_new(links, json_pack("{s:i, s:o}", "position", 0, "category_id",
							       json_sprintf("%lld", (long long)number)));
		else if (write->missing_category == 0)
			write->missing_category = number;
	}
	product_set_links(write->product, links);
}

/*
 * category_links: an empty list takes everything away, but any other is merged into what is there: categories it does
 * not name stay. Unknown ones are dropped without a word.
 */
static void
assign_links(struct write *write)
{
	bool clear = json_array_size(write->draft.links) == 0;
	json_t *links = clear ? json_array() : json_copy(write->product->links), *link;
	size_t i;

	json_array_foreach(write->draft.links, i, link)
	{
		json_int_t number = id_number(json_object_get(link, "category_id"));
		size_t place = find_link(links, number);
		json_t *merged;

		if (categories_find(&write->req->demo->categories, number) == NULL)
			continue;
		merged = json_pack("{s:I, s:o}", "position", json_integer_value(json_object_get(link, "position")),
				   "category_id", json_sprintf("%lld", (long long)number));
		if (place < json_array_size(links))
			json_array_set_new(links, place, merged);
		else
			json_array_append_new(links, merged);
	}
	product_set_links(write->product, links);
}

static void
assign_websites(struct write *write)
{
	json_t *websites = json_array(), *id;
	size_t i;

	json_array_foreach(write->draft.website_ids, i, id)
	{
		json_int_t number = id_number(id);

		if (number > 0 && scope_has_website(number))
			json_array_append_new(websites, json_integer(number));
	}
	json_decref(write->product->website_ids);
	write->product->website_ids = websites;
}

static void
update_extension(struct write *write)
{
	struct draft *draft = &write->draft;
	struct product *product = write->product;

	if (draft->website_ids != NULL)
		assign_websites(write);
	if (draft->values[ATTR_CATEGORY_IDS] != NULL)
		assign_ids(write);
	if (draft->links != NULL)
		assign_links(write);
	if (draft->has_qty) {
		product->qty = draft->qty;
		product->has_qty = true;
	}
	if (draft->has_stock)
		product->in_stock = draft->in_stock;
}

static void
finish(struct write *write)
{
	struct demo *demo = write->req->demo;
	char time[20];

	text_put_time(demo_now_s(demo), time);
	product_set(write->product, ATTR_UPDATED, SCOPE_ALL, json_string(time));
	catalog_touch(demo->catalog, write->product);
	writes_note(&demo->writes, write->req, "products",
		    json_string_value(product_get(write->product, ATTR_SKU, SCOPE_ALL)), write->req->body);
	if (write->missing_category != 0)
		error_set_no_entity(write->reply, "id", write->missing_category);
	else
		reply_set_json(write->reply, 200, product_answer(write->req, write->product, write->req->store));
}

static int
carry_out(struct write *write, const char *sku)
{
	bool exists = write->product != NULL;
	struct url_set before;

	if ((!exists && check_creation(write) < 0) || check_values(write) < 0)
		return -1;
	if (!exists && create(write, sku) < 0)
		return -1;
	if (exists) {
		urls_read_product(write->product, &before);
		update_values(write);
		urls_follow_product(write->req->demo, write->product, &before, write->draft.keep_history);
	}
	start_special_price(write);
	update_extension(write);
	finish(write);
	return 0;
}

void
product_write(struct request *req, struct reply *reply, const char *sku, json_t *body)
{
	struct write write = {.req = req, .reply = reply, .product = catalog_find(req->demo->catalog, sku)};

	if (draft_init(&write.draft, body, reply) == 0)
		(void)carry_out(&write, sku);
	draft_fini(&write.draft);
}
