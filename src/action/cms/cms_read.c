#include "cms_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "json/get.h"
#include "magento/criteria.h"
#include "results.h"
#include "window.h"

#define PIECE_WITH_CONTENT 20

/* ---- criteria ---- */

/* "1,2,3" in the pool. */
static const char *
join_ids(struct pool *pool, const int64_t *ids, size_t n)
{
	const char *text = NULL;
	struct buf out;

	buf_init(&out, n * 21 + 1);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_char(&out, ',');
		buf_put_i64(&out, ids[i]);
	}
	if (out.failed == 0)
		text = pool_slicedup(pool, buf_slice(&out));
	buf_fini(&out);
	return text;
}

/* A pattern of the caller: only % is a wildcard, \ and _ stand for themselves. */
static const char *
like_pattern(struct pool *pool, const char *pattern)
{
	const char *text = NULL;
	struct buf out;

	buf_init(&out, strlen(pattern) * 2 + 1);
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p == '\\' || *p == '_')
			buf_put_char(&out, '\\');
		buf_put_char(&out, *p);
	}
	if (out.failed == 0)
		text = pool_slicedup(pool, buf_slice(&out));
	buf_fini(&out);
	return text;
}

static void
add_search(struct criteria *criteria, const struct cms_kind *kind, const struct cms_search *search)
{
	char number[24];

	if (search->query != NULL) {
		const char *pattern = criteria_like_contains(criteria->pool, search->query);

		criteria_group(criteria);
		criteria_filter(criteria, "title", "like", pattern);
		criteria_filter(criteria, "identifier", "like", pattern);
	}
	if (search->identifier != NULL && strchr(search->identifier, '%') != NULL)
		criteria_where(criteria, "identifier", "like", like_pattern(criteria->pool, search->identifier));
	else if (search->identifier != NULL)
		criteria_where(criteria, "identifier", "eq", search->identifier);
	if (search->is_active >= 0)
		criteria_where(criteria, "is_active", "eq", search->is_active ? "1" : "0");
	if (search->n_ids > 0)
		criteria_where(criteria, kind->id_name, "in", join_ids(criteria->pool, search->ids, search->n_ids));
	if (search->store_id >= 0) {
		snprintf(number, sizeof(number), "%" PRId64, search->store_id);
		criteria_where(criteria, "store_id", "eq", number);
	}
	criteria_sort(criteria, kind->id_name, "ASC");
}

/* ---- pages ---- */

struct reading {
	const struct cms_kind *kind;
	const struct cms_search *search;
	const char *fields;
};

static int
on_add(void *ctx, struct criteria *criteria, struct fault *fault)
{
	const struct reading *reading = ctx;

	(void)fault;
	add_search(criteria, reading->kind, reading->search);
	if (reading->fields != NULL)
		criteria_param(criteria, "fields", reading->fields);
	return 0;
}

int
cms_read_page(struct store_client *sc, const struct cms_kind *kind, const struct cms_search *search, const char *fields,
	      uint32_t page_size, uint32_t current_page, struct window_page *page_r, struct fault *fault)
{
	struct reading reading = {.kind = kind, .search = search, .fields = fields};
	struct window window = {.scope = MAGENTO_SCOPE_ALL,
				.path = kind->search_path,
				.page_size = page_size,
				.current_page = current_page};

	return window_read(&sc->magento, &window, on_add, &reading, page_r, fault);
}

/* ---- all rows ---- */

/* The list is sorted by id, so that a row that came twice stands beside itself. */
static bool
is_whole(const struct window_page *page)
{
	for (size_t i = 1; i < json_array_size(page->items); i++) {
		if (cms_id(json_array_get(page->items, i)) <= cms_id(json_array_get(page->items, i - 1)))
			return false;
	}
	return (int64_t)json_array_size(page->items) == page->total_count;
}

static int
refuse_changing(const struct cms_kind *kind, struct fault *fault)
{
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL,
			 "The list of CMS %s changed while it was being read. Try again.", kind->nouns);
}

int
cms_read_all(struct store_client *sc, const struct cms_kind *kind, const struct cms_search *search, const char *fields,
	     size_t max, json_t **rows_r, int64_t *total_r, struct fault *fault)
{
	struct window_page page = {NULL, 0};
	uint32_t size = search->n_ids > 0 ? (uint32_t)search->n_ids : 100;
	int r = cms_read_page(sc, kind, search, fields, size, 1, &page, fault);

	for (int attempt = 0; r == 0 && attempt < 3 && (size_t)page.total_count <= max && !is_whole(&page); attempt++) {
		if (attempt == 2) {
			r = refuse_changing(kind, fault);
			break;
		}
		size = page.total_count > 100 ? (uint32_t)page.total_count : 100;
		window_page_fini(&page);
		r = cms_read_page(sc, kind, search, fields, size, 1, &page, fault);
	}
	if (r < 0) {
		window_page_fini(&page);
		return -1;
	}
	if (total_r != NULL)
		*total_r = page.total_count;
	*rows_r = page.items;
	return 0;
}

/* ---- many ids ---- */

/* Rows with their content are large. */
static size_t
piece_size(const char *fields)
{
	return fields == NULL || strstr(fields, "content") != NULL ? PIECE_WITH_CONTENT : CRITERIA_IN_MAX;
}

/* `in` lists of ids, one for each piece and store, the pieces of one store behind each other. */
struct pieces {
	struct cms_search *searches; /* in the call's pool */
	size_t n;
	const char *fields;
};

static int
cut_pieces(struct pool *pool, const int64_t *ids, size_t n_ids, const int64_t *stores, size_t n_stores,
	   struct pieces *pieces)
{
	size_t size = piece_size(pieces->fields), n_pieces = (n_ids + size - 1) / size;

	pieces->n = 0;
	pieces->searches = pool_alloc(pool, (n_pieces * n_stores + 1) * sizeof(*pieces->searches));
	for (size_t s = 0; pieces->searches != NULL && s < n_stores; s++) {
		for (size_t from = 0; from < n_ids; from += size) {
			pieces->searches[pieces->n++] =
			    (struct cms_search){.is_active = -1,
						.store_id = stores[s],
						.ids = ids + from,
						.n_ids = n_ids - from < size ? n_ids - from : size};
		}
	}
	return pieces->searches != NULL ? 0 : -1;
}

static void
ask_piece(struct batch *batch, const struct cms_kind *kind, const struct cms_search *search, const char *fields)
{
	struct criteria criteria;

	criteria_init(&criteria, batch->sc->call->pool);
	add_search(&criteria, kind, search);
	criteria_page(&criteria, CRITERIA_IN_MAX, 1);
	if (fields != NULL)
		criteria_param(&criteria, "fields", fields);
	batch_get_criteria(batch, MAGENTO_SCOPE_ALL, kind->search_path, &criteria);
}

/*
 * The rows of one piece: those of the answer, or, when it failed or is not whole (a shop may allow smaller pages only,
 * and twenty large contents may be more than one answer may be long), those of a reading of its own.
 */
static int
take_piece(struct store_client *sc, const struct cms_kind *kind, const struct pieces *pieces, size_t index,
	   json_t *body, json_t **rows_r, struct fault *fault)
{
	json_t *items = json_get_array(body, "items");

	if (body != NULL && json_get_int(body, "total_count", -1) == (int64_t)json_array_size(items)) {
		*rows_r = items != NULL ? json_incref(items) : json_array();
		return *rows_r != NULL ? 0 : result_out_of_memory(fault);
	}
	return cms_read_all(sc, kind, &pieces->searches[index], pieces->fields, CRITERIA_IN_MAX, rows_r, NULL, fault);
}

typedef int (*take_rows_fn)(void *ctx, const struct cms_search *search, json_t *rows);

/* Asks for all pieces side by side and hands over the rows of each. */
static int
read_pieces(struct store_client *sc, const struct cms_kind *kind, const struct pieces *pieces, take_rows_fn take,
	    void *ctx, struct fault *fault)
{
	struct batch batch;
	int r;

	batch_init(&batch, sc, pieces->n);
	for (size_t i = 0; i < pieces->n; i++)
		ask_piece(&batch, kind, &pieces->searches[i], pieces->fields);
	r = batch_run(&batch, fault);
	for (size_t i = 0; r == 0 && i < pieces->n; i++) {
		json_t *rows = NULL;

		r = take_piece(sc, kind, pieces, i, batch_body(&batch, i), &rows, fault);
		if (r == 0 && take(ctx, &pieces->searches[i], rows) < 0)
			r = result_out_of_memory(fault);
		json_decref(rows);
	}
	batch_fini(&batch);
	return r;
}

static int
append_rows(void *ctx, const struct cms_search *search, json_t *rows)
{
	(void)search;
	return json_array_extend(ctx, rows);
}

int
cms_read_ids(struct store_client *sc, const struct cms_kind *kind, const int64_t *ids, size_t n, const char *fields,
	     json_t **rows_r, struct fault *fault)
{
	static const int64_t any_store[] = {-1};
	struct pieces pieces = {.fields = fields};
	json_t *rows = json_array();

	if (rows == NULL || cut_pieces(sc->call->pool, ids, n, any_store, 1, &pieces) < 0) {
		json_decref(rows);
		return result_out_of_memory(fault);
	}
	if (read_pieces(sc, kind, &pieces, append_rows, rows, fault) < 0) {
		json_decref(rows);
		return -1;
	}
	*rows_r = rows;
	return 0;
}

/* ---- assignment ---- */

int64_t *
cms_ids_of(struct pool *pool, const json_t *rows)
{
	size_t n = json_array_size(rows);
	int64_t *ids = pool_alloc(pool, (n + 1) * sizeof(*ids));

	for (size_t i = 0; ids != NULL && i < n; i++)
		ids[i] = cms_id(json_array_get(rows, i));
	return ids;
}

static size_t
index_of(const int64_t *ids, size_t n, int64_t id)
{
	size_t i = 0;

	while (i < n && ids[i] != id)
		i++;
	return i;
}

/* Marks the rows of one store. */
static int
mark_rows(void *ctx, const struct cms_search *search, json_t *rows)
{
	struct cms_assignment *assignment = ctx;
	size_t store = index_of(assignment->store_ids, assignment->n_stores, search->store_id);

	for (size_t i = 0; i < json_array_size(rows); i++) {
		size_t row = index_of(assignment->ids, assignment->n_ids, cms_id(json_array_get(rows, i)));

		if (row < assignment->n_ids)
			assignment->is_assigned[row * assignment->n_stores + store] = true;
	}
	return 0;
}

int
cms_read_assignment(struct store_client *sc, const struct cms_kind *kind, const struct scope_tree *tree,
		    const int64_t *ids, size_t n_ids, struct cms_assignment *assignment_r, struct fault *fault)
{
	struct pool *pool = sc->call->pool;
	int64_t *stores = pool_alloc(pool, (tree->n_views + 1) * sizeof(*stores));
	struct pieces pieces = {.fields = "items[id],total_count"};

	*assignment_r =
	    (struct cms_assignment){.store_ids = stores, .n_stores = tree->n_views + 1, .ids = ids, .n_ids = n_ids};
	assignment_r->is_assigned = pool_alloc(pool, (tree->n_views + 1) * n_ids + 1);
	if (stores == NULL || assignment_r->is_assigned == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < tree->n_views; i++)
		stores[i + 1] = tree->views[i].id; /* stores[0] is 0: all views */
	if (cut_pieces(pool, ids, n_ids, stores, tree->n_views + 1, &pieces) < 0)
		return result_out_of_memory(fault);
	return read_pieces(sc, kind, &pieces, mark_rows, assignment_r, fault);
}

bool
cms_is_assigned(const struct cms_assignment *assignment, size_t row, int64_t store_id)
{
	size_t store = index_of(assignment->store_ids, assignment->n_stores, store_id);

	return store < assignment->n_stores && assignment->is_assigned[row * assignment->n_stores + store];
}
