/*
 * catalog_reach.c - each field to the places where it must be written: by its own scope in this shop, and by what was
 * asked
 */
#include <string.h>

#include "arguments.h"
#include "catalog_private.h"
#include "json/get.h"
#include "magento/criteria.h"
#include "pricing/price_targets.h"
#include "results.h"

#define PLACES_MAX 256

_Static_assert(ARRAY_LEN(((struct catalog_update *)0)->fields) >= 15, "room for every product field");

/* ---- targets ---- */

static int
take_fields(struct catalog_update *update, json_t *updates, struct fault *fault)
{
	const char *name;
	json_t *value;

	json_object_foreach(updates, name, value)
	{
		struct catalog_field *f = &update->fields[update->n_fields];

		must(update->n_fields < ARRAY_LEN(update->fields));
		f->field = fields_find(name);
		must(f->field != NULL);
		f->scope = f->field->usual;
		f->target = fields_of_param(f->field, value);
		if (f->target == NULL)
			return result_out_of_memory(fault);
		update->n_fields++;
	}
	return 0;
}

/* ---- real scopes ---- */

static enum reach_field
reach_of(const char *scope, enum reach_field usual)
{
	if (strcmp(scope, "store") == 0)
		return REACH_STORE_VIEW;
	if (strcmp(scope, "website") == 0)
		return REACH_WEBSITE;
	return strcmp(scope, "global") == 0 ? REACH_GLOBAL : usual;
}

static void
apply_scopes(struct catalog_update *update, const json_t *body)
{
	json_t *items = json_get_array(body, "items");

	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *row = json_array_get(items, i);

		for (size_t k = 0; k < update->n_fields; k++) {
			struct catalog_field *f = &update->fields[k];

			if (strcmp(json_get_str(row, "attribute_code", ""), f->field->name) == 0)
				f->scope = reach_of(json_get_str(row, "scope", ""), f->field->usual);
		}
	}
}

/*
 * What a stock shop has, but for prices when less than all was asked for: whether they are global is a setting of the
 * shop.  Through a view they are written as narrowly as the shop allows in either case.
 */
static void
assume_scopes(struct catalog_update *update)
{
	update->scopes_are_assumed = true;
	for (size_t i = 0; i < update->n_fields; i++) {
		struct catalog_field *f = &update->fields[i];

		if (f->scope == REACH_GLOBAL && price_is_field(f->field->name) &&
		    update->reach.target.level != SCOPE_GLOBAL) {
			f->scope = REACH_WEBSITE;
			f->may_be_global = true;
		}
	}
}

static int
read_scopes(struct store_client *sc, struct catalog_update *update, struct fault *fault)
{
	struct magento_request request = {
	    .method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .path = "/products/attributes"};
	const char *names[ARRAY_LEN(update->fields)];
	struct magento_reply reply;
	struct criteria criteria;
	int r;

	for (size_t i = 0; i < update->n_fields; i++)
		names[i] = update->fields[i].field->name;
	criteria_init(&criteria, sc->call->pool);
	criteria_where(&criteria, "attribute_code", "in", criteria_join(sc->call->pool, names, update->n_fields));
	criteria_page(&criteria, (uint32_t)update->n_fields, 1);
	criteria_param(&criteria, "fields", "items[attribute_code,scope,frontend_input]");
	if (criteria_finish(&criteria, &request.query, &request.n_query) < 0)
		return result_out_of_memory(fault);
	magento_reply_init(&reply);
	r = magento_call(&sc->magento, &request, &reply, fault);
	if (r == 0) {
		apply_scopes(update, reply.body);
	} else if (fault->code == FAULT_FORBIDDEN) {
		assume_scopes(update);
		fault_fini(fault);
		fault_init(fault);
		r = 0;
	}
	magento_reply_fini(&reply);
	return r;
}

/* ---- places ---- */

static struct catalog_place *
find_place(struct catalog_update *update, const struct reach_write *write)
{
	for (size_t i = 0; i < update->n_places; i++) {
		if (strcmp(update->places[i].write->prefix, write->prefix) == 0)
			return &update->places[i];
	}
	if (update->n_places == PLACES_MAX)
		return NULL;
	update->places[update->n_places].write = write;
	return &update->places[update->n_places++];
}

static int
place_fields(struct store_client *sc, struct catalog_update *update, struct fault *fault)
{
	update->places = pool_alloc(sc->call->pool, PLACES_MAX * sizeof(*update->places));
	if (update->places == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < update->n_fields; i++) {
		struct reach_writes writes;

		if (reach_writes_of(sc, &update->reach, update->fields[i].scope, &writes, fault) < 0)
			return -1;
		update->fields[i].is_wider = writes.is_wider;
		for (size_t k = 0; k < writes.n; k++) {
			struct catalog_place *place = find_place(update, &writes.items[k]);

			if (place == NULL)
				return fault_set(fault, FAULT_BULK_CAP_EXCEEDED, NULL,
						 "This reaches too many store views at once.");
			place->writes[place->n_fields] = &writes.items[k];
			place->fields[place->n_fields++] = i;
		}
	}
	if (update->n_places == 0)
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL, "There is no active store view to write to.");
	return 0;
}

int
catalog_update_init(struct store_client *sc, struct catalog_update *update, json_t *updates, struct fault *fault)
{
	if (take_fields(update, updates, fault) < 0 || read_scopes(sc, update, fault) < 0)
		return -1;
	return place_fields(sc, update, fault);
}

void
catalog_update_fini(struct catalog_update *update)
{
	for (size_t i = 0; i < update->n_fields; i++)
		json_decref(update->fields[i].target);
	update->n_fields = 0;
}
