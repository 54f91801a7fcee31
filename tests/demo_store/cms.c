#include "cms.h"

#include "scope.h"

#include <string.h>

static const char seed_time[] = "2026-11-22 08:07:32";

static void
add_page(struct cms *cms, int store, json_t *row)
{
	cms_add(&cms->pages, store, row, seed_time);
}

int
cms_init(struct cms *cms)
{
	if (table_init(&cms->pages, "id") < 0 || table_init(&cms->blocks, "id") < 0)
		return -1;
	add_page(cms, SCOPE_ALL,
		 json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "identifier", "no-route", "title", "404 Not Found",
			   "page_layout", "2columns-right", "meta_keywords", "Page keywords", "meta_description",
			   "Page description", "content_heading", "Whoops, our bad...", "content",
			   "<dl>\r\n<dt>The page you requested was not found.</dt>\r\n</dl>\r\n"));
	add_page(cms, SCOPE_ALL,
		 json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "identifier", CMS_HOME_PAGE, "title", "Home page",
			   "page_layout", "1column", "content_heading", "Home Page", "content",
			   "<p>CMS homepage content goes here.</p>\r\n", "layout_update_xml",
			   "<!--\n    <referenceContainer name=\"right\">\n        <referenceBlock "
			   "name=\"catalog.compare.sidebar\" remove=\"true\" />\n    </referenceContainer>-->"));
	add_page(cms, SCOPE_ALL,
		 json_pack("{s:s, s:s, s:s, s:s, s:s}", "identifier", "enable-cookies", "title", "Enable Cookies",
			   "page_layout", "1column", "content_heading", "What are Cookies?", "content",
			   "<div class=\"enable-cookies cms-content\">\r\n<p>Cookies are short pieces of data.</p>\r\n"
			   "</div>"));
	add_page(cms, SCOPE_ALL,
		 json_pack("{s:s, s:s, s:s, s:s, s:s}", "identifier", "privacy-policy-cookie-restriction-mode", "title",
			   "Privacy and Cookie Policy", "page_layout", "1column", "content_heading",
			   "Privacy and Cookie Policy", "content",
			   "<div class=\"privacy-policy cms-content\">\r\n<p>Please replace this text.</p>\r\n</div>"));
	return 0;
}

void
cms_fini(struct cms *cms)
{
	table_fini(&cms->pages);
	table_fini(&cms->blocks);
}

void
cms_seed(struct cms *cms)
{
	add_page(cms, SCOPE_ALL,
		 json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "identifier", "about-us", "title", "About us",
			   "page_layout", "1column", "meta_title", "About the demo store", "content_heading",
			   "About us", "content", "<p>A small shop in memory. {{block id=\"opening-hours\"}}</p>"));
	add_page(cms, SCOPE_DE,
		 json_pack("{s:s, s:s, s:s, s:s}", "identifier", "versand", "title", "Versand und Kosten",
			   "page_layout", "1column", "content", "<p>Der Versand ist kostenlos.</p>"));
	cms_add(&cms->blocks, SCOPE_ALL,
		json_pack("{s:s, s:s, s:s}", "identifier", "opening-hours", "title", "Opening hours", "content",
			  "<p>Always open.</p>"),
		seed_time);
	cms_add(&cms->blocks, SCOPE_DEFAULT,
		json_pack("{s:s, s:s, s:s}", "identifier", "sale-banner", "title", "Sale banner", "content",
			  "<p>Sale!</p>"),
		seed_time);
	cms_add(&cms->blocks, SCOPE_ALL,
		json_pack("{s:s, s:s, s:s, s:b}", "identifier", "old-footer", "title", "Old footer", "content",
			  "<p>No longer shown.</p>", "active", 0),
		seed_time);
}

json_t *
cms_add(struct table *table, int store, json_t *row, const char *time)
{
	json_t *added = json_pack("{s:s, s:s, s:s, s:b, s:i}", "creation_time", time, "update_time", time, "sort_order",
				  "0", "active", 1, "store_id", store);

	json_object_update(added, row);
	json_decref(row);
	return table_add(table, added);
}

int
cms_get_store(const json_t *row)
{
	return (int)json_integer_value(json_object_get(row, "store_id"));
}

static bool
has_identifier(const json_t *row, const char *identifier)
{
	const char *own = json_string_value(json_object_get(row, "identifier"));

	return own != NULL && strcmp(own, identifier) == 0;
}

json_t *
cms_find_page(const struct cms *cms, const char *identifier, int store)
{
	json_t *row;
	size_t i;

	json_array_foreach(cms->pages.rows, i, row)
	{
		int own = cms_get_store(row);

		if (has_identifier(row, identifier) && json_is_true(json_object_get(row, "active")) &&
		    (own == store || own == SCOPE_ALL))
			return row;
	}
	return NULL;
}

json_t *
cms_find_block(const struct cms *cms, const char *identifier)
{
	json_t *row, *found = NULL;
	size_t i;

	json_array_foreach(cms->blocks.rows, i, row)
	{
		if (has_identifier(row, identifier) && (found == NULL || cms_get_store(row) == SCOPE_ALL))
			found = row;
	}
	return found;
}

bool
cms_has_identifier(const struct table *table, const char *identifier, int store, const json_t *except, bool overlap)
{
	json_t *row;
	size_t i;

	json_array_foreach(table->rows, i, row)
	{
		int own = cms_get_store(row);

		if (row == except || !has_identifier(row, identifier))
			continue;
		if (own == store || (overlap && (own == SCOPE_ALL || store == SCOPE_ALL)))
			return true;
	}
	return false;
}
