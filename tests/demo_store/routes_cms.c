/* CMS pages and blocks: search, read, write. */

#include "demo.h"
#include "entity.h"
#include "errors.h"
#include "projection.h"
#include "routes.h"
#include "text.h"
#include "urls.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NO_PAGE "The CMS page with the \"%1\" ID doesn't exist."
#define NO_BLOCK "The CMS block with the \"%1\" ID doesn't exist."
#define NO_TITLE                                                                                                       \
	"SQLSTATE[23000]: Integrity constraint violation: 1048 Column 'title' cannot be null, query was: INSERT INTO " \
	"`cms_block` (`block_id`, `title`, `identifier`, `content`) VALUES (?, ?, ?, ?)"

static const struct member page_members[] = {
    {"id", MEMBER_INT},
    {"identifier", MEMBER_TEXT},
    {"title", MEMBER_TEXT},
    {"page_layout", MEMBER_TEXT},
    {"meta_title", MEMBER_TEXT},
    {"meta_keywords", MEMBER_TEXT},
    {"meta_description", MEMBER_TEXT},
    {"content_heading", MEMBER_TEXT},
    {"content", MEMBER_TEXT},
    {"creation_time", MEMBER_TEXT},
    {"update_time", MEMBER_TEXT},
    {"sort_order", MEMBER_TEXT},
    {"layout_update_xml", MEMBER_TEXT},
    {"custom_theme", MEMBER_TEXT},
    {"custom_root_template", MEMBER_TEXT},
    {"custom_layout_update_xml", MEMBER_TEXT},
    {"custom_theme_from", MEMBER_TEXT},
    {"custom_theme_to", MEMBER_TEXT},
    {"active", MEMBER_BOOL},
    {NULL, MEMBER_HIDDEN},
};

static const struct member block_members[] = {
    {"id", MEMBER_INT},	      {"identifier", MEMBER_TEXT},    {"title", MEMBER_TEXT},
    {"content", MEMBER_TEXT}, {"creation_time", MEMBER_TEXT}, {"update_time", MEMBER_TEXT},
    {"active", MEMBER_BOOL},  {NULL, MEMBER_HIDDEN},
};

static const struct column page_columns[] = {
    {"page_id", "id"},
    {"identifier", "identifier"},
    {"title", "title"},
    {"page_layout", "page_layout"},
    {"meta_title", "meta_title"},
    {"meta_keywords", "meta_keywords"},
    {"meta_description", "meta_description"},
    {"content_heading", "content_heading"},
    {"content", "content"},
    {"creation_time", "creation_time"},
    {"update_time", "update_time"},
    {"sort_order", "sort_order"},
    {"is_active", "active"},
    {NULL, NULL},
};

static const struct column block_columns[] = {
    {"block_id", "id"},
    {"identifier", "identifier"},
    {"title", "title"},
    {"content", "content"},
    {"creation_time", "creation_time"},
    {"update_time", "update_time"},
    {"is_active", "active"},
    {NULL, NULL},
};

static int
find_field(const struct criteria_source *source, const char *name)
{
	return strcmp(name, "store_id") == 0 ? CRITERIA_FIELD_APART : table_find_column(source, name);
}

/* Exact: rows of all views are not among those of one. */
static bool
fits_store(const struct criteria_source *source, size_t row, const char *value)
{
	return cms_get_store(json_array_get(source->rows, row)) == atoi(value);
}

static json_t *
render_page(const struct criteria_source *source, size_t row)
{
	return entity_render(page_members, json_array_get(source->rows, row));
}

static json_t *
render_block(const struct criteria_source *source, size_t row)
{
	return entity_render(block_members, json_array_get(source->rows, row));
}

static void
search(const struct request *req, struct reply *reply, const struct table *table, bool pages)
{
	const struct criteria_source source = {.rows = table->rows,
					       .count = json_array_size(table->rows),
					       .columns = pages ? page_columns : block_columns,
					       .field = find_field,
					       .value = table_get_value,
					       .render = pages ? render_page : render_block,
					       .fits_apart = fits_store,
					       .unknown_field_is_internal = true};

	criteria_answer(req, reply, &source);
}

void
routes_cms_pages(struct request *req, struct reply *reply)
{
	search(req, reply, &req->demo->cms.pages, true);
}

void
routes_cms_blocks(struct request *req, struct reply *reply)
{
	search(req, reply, &req->demo->cms.blocks, false);
}

/* The page of the path; NULL and an error if there is none. */
static json_t *
find_page(const struct request *req, struct reply *reply)
{
	json_int_t id;
	json_t *page;

	if (entity_read_id(req->args[0], &id, reply) < 0)
		return NULL;
	page = table_find(&req->demo->cms.pages, id);
	if (page == NULL)
		error_set_listed(reply, 404, NO_PAGE, json_pack("[I]", id));
	return page;
}

/* The block of the path, which may be an identifier; NULL and an error if there is none. */
static json_t *
find_block(const struct request *req, struct reply *reply)
{
	long long id;
	json_t *block = text_parse_integer(req->args[0], &id) ? table_find(&req->demo->cms.blocks, id)
							      : cms_find_block(&req->demo->cms, req->args[0]);

	if (block == NULL)
		error_set_listed(reply, 404, NO_BLOCK, json_pack("[s]", req->args[0]));
	return block;
}

void
routes_cms_get_page(struct request *req, struct reply *reply)
{
	const json_t *page = find_page(req, reply);

	if (page != NULL)
		reply_set_json(reply, 200, projection_apply_query(req, entity_render(page_members, page)));
}

void
routes_cms_get_block(struct request *req, struct reply *reply)
{
	const json_t *block = find_block(req, reply);

	if (block != NULL)
		reply_set_json(reply, 200, projection_apply_query(req, entity_render(block_members, block)));
}

static int
refuse_page(struct reply *reply, const char *why)
{
	error_set_listed(reply, 400, "Could not save the page: %1", json_pack("[s]", why));
	return -1;
}

/* A page without an identifier gets one from its title, even if it had one before. */
static void
derive_identifier(json_t *draft, const char *title)
{
	char *slug;

	if (json_string_length(json_object_get(draft, "identifier")) > 0)
		return;
	slug = text_make_slug(title);
	json_object_set_new(draft, "identifier", json_string(slug != NULL ? slug : ""));
	free(slug);
}

static int
check_identifier(const struct request *req, const char *identifier, int store, const json_t *except,
		 struct reply *reply)
{
	bool good = isdigit((unsigned char)identifier[0]) || islower((unsigned char)identifier[0]);

	for (const char *c = identifier; *c != '\0'; c++)
		good = good && (isdigit((unsigned char)*c) || islower((unsigned char)*c) || strchr("_/-.", *c) != NULL);
	if (!good)
		return refuse_page(reply, "The page URL key can't use capital letters or disallowed symbols. Remove "
					  "the letters and symbols and try again.");
	if (identifier[strspn(identifier, "0123456789")] == '\0')
		return refuse_page(reply,
				   "The page URL key can't use only numbers. Add letters or words and try again.");
	if (cms_has_identifier(&req->demo->cms.pages, identifier, store, except, true) ||
	    urls_is_taken(req->demo, identifier, store)) {
		/* A new row is written before its address turns out to be taken, so its id is used up. */
		req->demo->cms.pages.next_id += except == NULL;
		return refuse_page(reply, ERROR_URL_KEY_TAKEN);
	}
	return 0;
}

/* -1 and 400 unless draft on top of page (NULL: a new one) makes a page. Completes the draft. */
static int
check_page(const struct request *req, json_t *draft, const json_t *page, struct reply *reply)
{
	const json_t *title = json_object_get(draft, "title");
	const char *layout = json_string_value(json_object_get(draft, "layout_update_xml"));
	int store = page != NULL ? cms_get_store(page) : req->store;

	if (title == NULL)
		title = json_object_get(page, "title");
	if (json_string_length(title) == 0) {
		error_set_listed(reply, 400, "Required field \"%1\" is empty.", json_pack("[s]", "title"));
		return -1;
	}
	if (layout != NULL && strchr(layout, '<') != NULL && strchr(layout, '>') == NULL) {
		error_set(reply, 400, "Layout update is invalid");
		return -1;
	}
	derive_identifier(draft, json_string_value(title));
	return check_identifier(req, json_string_value(json_object_get(draft, "identifier")), store, page, reply);
}

/* Blocks have no such trap, and hardly any check. */
static int
check_block(const struct request *req, json_t *draft, const json_t *block, struct reply *reply)
{
	const json_t *title = json_object_get(draft, "title");
	const char *identifier = json_string_value(json_object_get(draft, "identifier"));
	int store = block != NULL ? cms_get_store(block) : req->store;

	if (identifier != NULL && cms_has_identifier(&req->demo->cms.blocks, identifier, store, block, false)) {
		error_set(reply, 400,
			  "A block identifier with the same properties already exists in the selected store.");
		return -1;
	}
	if ((title != NULL || block == NULL) && !json_is_string(title)) {
		error_set(reply, 400, NO_TITLE);
		return -1;
	}
	return 0;
}

/* What sets pages and blocks apart in a write. */
struct cms_kind {
	const char *wrapper;
	const char *writes;
	const char *missing;
	const struct member *members;
	int (*check)(const struct request *req, json_t *draft, const json_t *row, struct reply *reply);
};

static const struct cms_kind page_kind = {"page", "pages", NO_PAGE, page_members, check_page};
static const struct cms_kind block_kind = {"block", "blocks", NO_BLOCK, block_members, check_block};

static void
drop_read_only(json_t *draft)
{
	json_object_del(draft, "id");
	json_object_del(draft, "creation_time");
	json_object_del(draft, "update_time");
}

/* The answer shows what was sent and calls a page that was created without "active" inactive, which it is not. */
static void
create(struct request *req, struct reply *reply, const struct cms_kind *kind, struct table *table, json_t *draft)
{
	json_t *row, *answer;
	char time[20];

	if (kind->check(req, draft, NULL, reply) < 0)
		return;
	text_put_time(demo_now_s(req->demo), time);
	drop_read_only(draft);
	if (json_is_null(json_object_get(draft, "active")))
		json_object_del(draft, "active");
	row = cms_add(table, req->store, json_copy(draft), time);
	json_object_set(draft, "id", json_object_get(row, "id"));
	answer = entity_render(kind->members, draft);
	if (json_object_get(answer, "active") == NULL)
		json_object_set_new(answer, "active", json_false());
	writes_note_id(&req->demo->writes, req, kind->writes, json_integer_value(json_object_get(row, "id")),
		       req->body);
	reply_set_json(reply, 200, answer);
}

static void
update(struct request *req, struct reply *reply, const struct cms_kind *kind, json_t *row, json_t *draft)
{
	json_t *answer;
	char time[20];

	if (kind->check(req, draft, row, reply) < 0)
		return;
	text_put_time(demo_now_s(req->demo), time);
	drop_read_only(draft);
	json_object_update(row, draft);
	json_object_set_new(row, "update_time", json_string(time));
	answer = entity_render(kind->members, row);
	json_object_del(answer, "update_time");
	writes_note_id(&req->demo->writes, req, kind->writes, json_integer_value(json_object_get(row, "id")),
		       req->body);
	reply_set_json(reply, 200, answer);
}

/* id 0 creates. */
static void
save(struct request *req, struct reply *reply, const struct cms_kind *kind, struct table *table, bool put)
{
	json_t *body, *draft, *row = NULL;
	json_int_t id = 0;

	if (put && entity_read_id(req->args[0], &id, reply) < 0)
		return;
	body = entity_find_wrapped(req, kind->wrapper, reply);
	draft = body != NULL ? entity_read(kind->members, body, reply) : NULL;
	if (draft == NULL)
		return;
	id = put ? entity_pick_id(req, draft, "id", id) : json_integer_value(json_object_get(draft, "id"));
	if (id != 0)
		row = table_find(table, id);
	if (id != 0 && row == NULL)
		error_set_listed(reply, 404, kind->missing, json_pack("[I]", id));
	else if (row != NULL)
		update(req, reply, kind, row, draft);
	else
		create(req, reply, kind, table, draft);
	json_decref(draft);
}

void
routes_cms_post_page(struct request *req, struct reply *reply)
{
	save(req, reply, &page_kind, &req->demo->cms.pages, false);
}

void
routes_cms_put_page(struct request *req, struct reply *reply)
{
	save(req, reply, &page_kind, &req->demo->cms.pages, true);
}

void
routes_cms_post_block(struct request *req, struct reply *reply)
{
	save(req, reply, &block_kind, &req->demo->cms.blocks, false);
}

void
routes_cms_put_block(struct request *req, struct reply *reply)
{
	save(req, reply, &block_kind, &req->demo->cms.blocks, true);
}

static void
remove_row(struct request *req, struct reply *reply, const struct cms_kind *kind, struct table *table,
	   const json_t *row)
{
	json_int_t id = json_integer_value(json_object_get(row, "id"));

	if (row == NULL)
		return;
	table_remove(table, id);
	writes_note_id(&req->demo->writes, req, kind->writes, id, NULL);
	reply_set_json(reply, 200, json_true());
}

void
routes_cms_delete_page(struct request *req, struct reply *reply)
{
	remove_row(req, reply, &page_kind, &req->demo->cms.pages, find_page(req, reply));
}

void
routes_cms_delete_block(struct request *req, struct reply *reply)
{
	remove_row(req, reply, &block_kind, &req->demo->cms.blocks, find_block(req, reply));
}
