#include "stock.h"

#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "json/get.h"
#include "results.h"

#define STOCK_ID_CAP 24
#define QUERY_BUDGET 4500 /* encoded bytes of one list of skus */

bool
stock_is_counted(const char *type_id)
{
	return strcmp(type_id, "simple") == 0 || strcmp(type_id, "virtual") == 0 ||
	       strcmp(type_id, "downloadable") == 0;
}

/* ---- websites and their stocks ---- */

static json_t *
describe_site(const struct stock_site *site, const json_t *stock, const struct fault *why)
{
	json_t *object =
	    json_pack("{s:s, s:I}", "website_code", site->website_code, "website_id", (json_int_t)site->website_id);
	int64_t id = json_get_int(stock, "stock_id", 0);
	int r = object != NULL ? 0 : -1;

	if (r == 0 && id > 0) {
		r |= json_object_set_new(object, "linked", json_true());
		r |= json_object_set_new(object, "stock_id", json_integer(id));
		r |= json_object_set_new(object, "stock_name", json_string(json_get_str(stock, "name", "")));
	} else if (r == 0) {
		const char *text = why != NULL ? why->message : "The answer held no stock_id.";

		r |= json_object_set_new(object, "linked",
					 why != NULL && why->code == FAULT_NOT_FOUND ? json_false() : json_null());
		r |= json_object_set_new(object, "error", json_string(text));
	}
	if (r < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int
describe_sites(const struct batch *batch, const struct stock_site *sites, json_t *list, bool *has_msi_r)
{
	for (size_t i = 0; i < batch->n; i++) {
		if (batch_is_no_route(batch_fault(batch, i))) {
			*has_msi_r = false;
			return json_array_clear(list);
		}
		if (json_array_append_new(list, describe_site(&sites[i], batch_body(batch, i), batch_fault(batch, i))) <
		    0)
			return -1;
	}
	return 0;
}

int
stock_resolve(struct store_client *sc, const struct stock_site *sites, size_t n, json_t **sites_r, bool *has_msi_r,
	      struct fault *fault)
{
	json_t *list = json_array();
	struct batch batch;
	int r;

	*has_msi_r = true;
	batch_init(&batch, sc, n);
	for (size_t i = 0; i < n; i++) {
		batch_get_fields(
		    &batch, MAGENTO_SCOPE_ALL,
		    batch_path(sc->call->pool, "/inventory/stock-resolver/website/", sites[i].website_code, ""),
		    "stock_id,name");
	}
	r = batch_run(&batch, fault);
	if (r == 0 && (list == NULL || describe_sites(&batch, sites, list, has_msi_r) < 0))
		r = result_out_of_memory(fault);
	batch_fini(&batch);
	if (r == 0)
		*sites_r = list;
	else
		json_decref(list);
	return r;
}

/* ---- stocks ---- */

static void
stock_key(const json_t *site, char key_r[static STOCK_ID_CAP])
{
	snprintf(key_r, STOCK_ID_CAP, "%lld", (long long)json_get_int(site, "stock_id", 0));
}

json_t *
stock_level_of(const json_t *levels, const json_t *site)
{
	char key[STOCK_ID_CAP];

	stock_key(site, key);
	return json_get_object(levels, key);
}

/* An empty record for each distinct stock. */
static json_t *
list_stocks(const json_t *sites)
{
	json_t *levels = json_object();

	for (size_t i = 0; levels != NULL && i < json_array_size(sites); i++) {
		char key[STOCK_ID_CAP];

		stock_key(json_array_get(sites, i), key);
		if (strcmp(key, "0") == 0 || json_object_get(levels, key) != NULL)
			continue;
		if (json_object_set_new(levels, key, json_pack("{s:{}, s:{}, s:{}}", "salable", "quantity", "errors")) <
		    0) {
			json_decref(levels);
			levels = NULL;
		}
	}
	return levels;
}

/* What a question was about. */
struct question {
	const char *stock; /* key in `levels` */
	enum { ASK_SALABLE, ASK_QUANTITY, ASK_SOURCES } kind;
	const char *sku; /* ASK_QUANTITY */
};

struct reading {
	struct batch batch;
	struct question *questions;
};

static void
note_question(struct reading *reading, size_t index, struct question question)
{
	if (!reading->batch.failed)
		reading->questions[index] = question;
}

/* How many of the skus fit one address; at least one. */
static size_t
skus_that_fit(const char *const *skus, size_t n)
{
	size_t used = 0, i;

	for (i = 0; i < n; i++) {
		used += strlen(skus[i]) * 3 + 20;
		if (used > QUERY_BUDGET)
			break;
	}
	return i > 0 ? i : 1;
}

static void
ask_salable(struct reading *reading, const char *stock, const char *const *skus, size_t n)
{
	struct pool *pool = reading->batch.sc->call->pool;
	struct magento_param *query = pool_alloc(pool, (n + 1) * sizeof(*query));

	if (query == NULL) {
		reading->batch.failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		query[i] = (struct magento_param){.name = pool_printf(pool, "skus[%zu]", i), .value = skus[i]};
	query[n] = (struct magento_param){.name = "stockId", .value = stock};
	note_question(reading,
		      batch_get(&reading->batch, MAGENTO_SCOPE_ALL, "/inventory/are-products-salable", query, n + 1),
		      (struct question){.stock = stock, .kind = ASK_SALABLE});
}

static void
ask_stock(struct reading *reading, const char *stock, const struct stock_wanted *wanted)
{
	struct pool *pool = reading->batch.sc->call->pool;
	size_t n;

	for (size_t at = 0; at < wanted->n_skus; at += n) {
		n = skus_that_fit(wanted->skus + at, wanted->n_skus - at);
		ask_salable(reading, stock, wanted->skus + at, n);
	}
	for (size_t i = 0; i < wanted->n_counted; i++) {
		const char *behind = pool_printf(pool, "/%s", stock);

		note_question(reading,
			      batch_get(&reading->batch, MAGENTO_SCOPE_ALL,
					behind == NULL ? NULL
						       : batch_path(pool, "/inventory/get-product-salable-quantity/",
								    wanted->counted[i], behind),
					NULL, 0),
			      (struct question){.stock = stock, .kind = ASK_QUANTITY, .sku = wanted->counted[i]});
	}
	if (!wanted->sources)
		return;
	note_question(reading,
		      batch_get_fields(
			  &reading->batch, MAGENTO_SCOPE_ALL,
			  pool_printf(pool, "/inventory/get-sources-assigned-to-stock-ordered-by-priority/%s", stock),
			  "source_code,name,enabled"),
		      (struct question){.stock = stock, .kind = ASK_SOURCES});
}

static int
take_salable(json_t *level, const json_t *rows)
{
	json_t *salable = json_object_get(level, "salable");
	int r = 0;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		r |= json_object_set_new(salable, json_get_str(row, "sku", ""),
					 json_boolean(json_get_bool(row, "salable", false)));
	}
	return r;
}

static int
take_error(json_t *level, const struct question *question, const char *text)
{
	char part[320];

	if (question->kind == ASK_QUANTITY)
		snprintf(part, sizeof(part), "quantity %s", question->sku);
	else
		snprintf(part, sizeof(part), "%s", question->kind == ASK_SALABLE ? "salable" : "sources");
	return json_object_set_new(json_object_get(level, "errors"), part, json_string(text));
}

static int
take_answer(json_t *level, const struct question *question, json_t *body, const struct fault *why)
{
	if (why != NULL)
		return take_error(level, question, why->message);
	if (question->kind == ASK_SALABLE && json_is_array(body))
		return take_salable(level, body);
	if (question->kind == ASK_QUANTITY && json_is_number(body))
		return json_object_set(json_object_get(level, "quantity"), question->sku, body);
	if (question->kind == ASK_SOURCES && json_is_array(body))
		return json_object_set(level, "sources", body);
	return take_error(level, question, "Magento answered something unexpected.");
}

static int
take_answers(const struct reading *reading, json_t *levels)
{
	for (size_t i = 0; i < reading->batch.n; i++) {
		const struct question *question = &reading->questions[i];

		if (take_answer(json_object_get(levels, question->stock), question, batch_body(&reading->batch, i),
				batch_fault(&reading->batch, i)) < 0)
			return -1;
	}
	return 0;
}

int
stock_read(struct store_client *sc, const json_t *sites, const struct stock_wanted *wanted, json_t **levels_r,
	   struct fault *fault)
{
	size_t per_stock = wanted->n_skus + wanted->n_counted + 1;
	json_t *levels = list_stocks(sites);
	size_t n = json_object_size(levels) * per_stock;
	struct reading reading;
	const char *stock;
	json_t *level;
	int r;

	batch_init(&reading.batch, sc, n);
	reading.questions = pool_alloc(sc->call->pool, (n + 1) * sizeof(*reading.questions));
	if (levels == NULL || reading.questions == NULL)
		reading.batch.failed = true;
	json_object_foreach(levels, stock, level)
	{
		ask_stock(&reading, stock, wanted);
	}
	r = batch_run(&reading.batch, fault);
	if (r == 0 && take_answers(&reading, levels) < 0)
		r = result_out_of_memory(fault);
	batch_fini(&reading.batch);
	if (r == 0)
		*levels_r = levels;
	else
		json_decref(levels);
	return r;
}
