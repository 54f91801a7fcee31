/*
 * cms_kind.h - what CMS pages and CMS blocks have in common, and the little in which they differ (private to action/)
 *
 * A page or block is one row that is assigned to store views; it has no values per view.  Magento calls the same thing
 * `active` in bodies and answers and `is_active` in filters, `id` in bodies and `page_id` in filters; the wrong name is
 * an error on either side.
 */
#ifndef ACTION_CMS_KIND_H
#define ACTION_CMS_KIND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct cms_field {
	const char *name;   /* the tools' */
	const char *member; /* in Magento's rows and bodies */
	bool is_flag;	    /* a boolean; else text */
	bool may_be_null;   /* null and "" both mean that there is none */
};

struct cms_kind {
	const char *noun, *nouns;    /* "page", "pages" */
	const char *id_name;	     /* "page_id": the tools' parameter and Magento's filter */
	const char *ids_name;	     /* "page_ids" */
	const char *path;	     /* "/cmsPage" */
	const char *search_path;     /* "/cmsPage/search" */
	const char *body;	     /* "page": the one key of a write's body */
	const char *search_tool;     /* "cms_search_pages" */
	const char *pair;	     /* "cms.bulk_update_pages": prepare and commit */
	const char *commit_tool;     /* "cms_commit_bulk_update_pages" */
	const char *allowed_setting; /* the guardrail that lists the fields */
	const char *summary;	     /* projection of a list without content */
	const struct cms_field *fields;
	size_t n_fields;
};

extern const struct cms_kind cms_pages, cms_blocks;

/*
 * The normal form of a value, from a parameter or from a row: text, null, or a boolean.  A new reference, NULL without
 * memory.
 */
json_t *cms_field_normal(const struct cms_field *field, const json_t *value) MUST_CHECK;
json_t *cms_field_of_row(const struct cms_field *field, const json_t *row) MUST_CHECK;

/* Are two normal forms the same?  A field that neither kind knows is compared as it stands. */
bool cms_field_same(const char *name, const json_t *a, const json_t *b);

/* {"page_id":2,"identifier":"home"}: what names a row in results.  A new reference, NULL without memory. */
json_t *cms_key(const struct cms_kind *kind, const json_t *row) MUST_CHECK;

int64_t cms_id(const json_t *row); /* 0: none */

#endif
