/* Running a parsed query: checking it against the types, then cutting what it asks for out of the data. */

#include "gql.h"

#include "demo.h"

#include <string.h>

/* A type and its fields; a field with a type of its own is written "name:Type". Lists end with NULL. */
static const struct gql_type {
	const char *name;
	const char *const *fields;
} types[] = {
    {"Query", (const char *const[]){"route:RoutableInterface", "urlResolver:EntityUrl", "storeConfig:StoreConfig",
				    "products:Products", NULL}},
    {"RoutableInterface", (const char *const[]){"relative_url", "redirect_code", "type", NULL}},
    {"ProductInterface",
     (const char *const[]){"id", "uid", "sku", "name", "url_key", "url_suffix", "stock_status", "special_price",
			   "canonical_url", "price_range:PriceRange", "relative_url", "redirect_code", "type", NULL}},
    {"CategoryInterface", (const char *const[]){"id", "uid", "name", "url_key", "url_path", "url_suffix",
						"relative_url", "redirect_code", "type", NULL}},
    {"CmsPage", (const char *const[]){"identifier", "title", "content", "content_heading", "meta_title",
				      "meta_keywords", "meta_description", "page_layout", "url_key", "relative_url",
				      "redirect_code", "type", NULL}},
    {"EntityUrl",
     (const char *const[]){"id", "entity_uid", "relative_url", "redirectCode", "type", "canonical_url", NULL}},
    {"StoreConfig", (const char *const[]){"id",
					  "code",
					  "store_code",
					  "store_name",
					  "store_group_code",
					  "website_id",
					  "website_code",
					  "locale",
					  "base_currency_code",
					  "default_display_currency_code",
					  "timezone",
					  "weight_unit",
					  "base_url",
					  "base_link_url",
					  "secure_base_url",
					  "secure_base_link_url",
					  "product_url_suffix",
					  "category_url_suffix",
					  "cms_home_page",
					  "cms_no_route",
					  "default_title",
					  "title_prefix",
					  "title_suffix",
					  "root_category_uid",
					  NULL}},
    {"Products", (const char *const[]){"total_count", "items:ProductInterface", NULL}},
    {"PriceRange", (const char *const[]){"minimum_price:ProductPrice", "maximum_price:ProductPrice", NULL}},
    {"ProductPrice", (const char *const[]){"regular_price:Money", "final_price:Money", NULL}},
    {"Money", (const char *const[]){"value", "currency", NULL}},
};

/* Types that are others' implementations. */
static const char *const implementations[][2] = {
    {"SimpleProduct", "ProductInterface"},	 {"VirtualProduct", "ProductInterface"},
    {"ConfigurableProduct", "ProductInterface"}, {"BundleProduct", "ProductInterface"},
    {"GroupedProduct", "ProductInterface"},	 {"DownloadableProduct", "ProductInterface"},
    {"CategoryTree", "CategoryInterface"},
};

struct run {
	struct demo *demo;
	int store;
	const json_t *query;
	const json_t *variables;
	json_t *errors;
};

/* The interface a type is written down as; itself if it is none's implementation. */
static const char *
find_interface(const char *name)
{
	for (size_t i = 0; i < sizeof(implementations) / sizeof(implementations[0]); i++) {
		if (strcmp(implementations[i][0], name) == 0)
			return implementations[i][1];
	}
	return name;
}

static const struct gql_type *
find_type(const char *name)
{
	const char *interface = find_interface(name);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, interface) == 0)
			return &types[i];
	}
	return NULL;
}

/* NULL if the type has no such field, else the name of the field's type, "" for a scalar. */
static const char *
find_field_type(const struct gql_type *type, const char *field)
{
	size_t len = strlen(field);

	if (strcmp(field, "__typename") == 0)
		return "";
	for (const char *const *f = type->fields; *f != NULL; f++) {
		if (strncmp(*f, field, len) == 0 && ((*f)[len] == '\0' || (*f)[len] == ':'))
			return (*f)[len] == ':' ? *f + len + 1 : "";
	}
	return NULL;
}

static const char *
get_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void
add_error(struct run *run, json_t *message, const json_t *at)
{
	json_t *line = json_object_get(at, "line"), *column = json_object_get(at, "column");

	json_array_append_new(run->errors, json_pack("{s:o, s:[{s:o, s:o}]}", "message", message, "locations", "line",
						     line != NULL ? json_incref(line) : json_integer(1), "column",
						     column != NULL ? json_incref(column) : json_integer(1)));
}

/* The selections of a fragment, wherever they stand; NULL if the selection is none. */
static const json_t *
find_fragment(const struct run *run, const json_t *selection, const char **type_r)
{
	const char *spread = get_text(selection, "spread");
	const json_t *fragment =
	    spread != NULL ? json_object_get(json_object_get(run->query, "fragments"), spread) : selection;

	if (get_text(selection, "name") != NULL)
		return NULL;
	*type_r = get_text(fragment, "on");
	return json_object_get(fragment, "fields");
}

static void check_selections(struct run *run, const struct gql_type *type, const json_t *selections, int depth);

static void
check_field(struct run *run, const struct gql_type *type, const json_t *selection, int depth)
{
	const char *name = get_text(selection, "name"), *inner = find_field_type(type, name), *variable, *arg;
	json_t *value;

	if (inner == NULL) {
		add_error(run, json_sprintf("Cannot query field \"%s\" on type \"%s\".", name, type->name), selection);
		return;
	}
	json_object_foreach(json_object_get(selection, "args"), arg, value)
	{
		variable = get_text(value, "$");
		if (variable != NULL && json_object_get(json_object_get(run->query, "variables"), variable) == NULL)
			add_error(run, json_sprintf("Variable \"$%s\" is not defined.", variable), selection);
	}
	if (*inner != '\0' && json_object_get(selection, "fields") == NULL)
		add_error(run,
			  json_sprintf("Field \"%s\" of type \"%s\" must have a selection of subfields. Did you mean "
				       "\"%s { ... }\"?",
				       name, inner, name),
			  selection);
	else if (*inner != '\0')
		check_selections(run, find_type(inner), json_object_get(selection, "fields"), depth + 1);
}

static void
check_selections(struct run *run, const struct gql_type *type, const json_t *selections, int depth)
{
	json_t *selection;
	size_t i;

	if (depth > GQL_DEPTH_MAX)
		return;
	json_array_foreach(selections, i, selection)
	{
		const char *on = NULL;
		const json_t *fragment = find_fragment(run, selection, &on);
		const struct gql_type *other = on != NULL ? find_type(on) : type;

		if (get_text(selection, "name") != NULL)
			check_field(run, type, selection, depth);
		else if (fragment == NULL)
			add_error(run, json_sprintf("Unknown fragment \"%s\".", get_text(selection, "spread")),
				  selection);
		else if (other == NULL)
			add_error(run, json_sprintf("Unknown type \"%s\".", on), selection);
		else
			check_selections(run, other, fragment, depth + 1);
	}
}

static void
check_variables(struct run *run)
{
	const char *name;
	json_t *type;

	json_object_foreach(json_object_get(run->query, "variables"), name, type)
	{
		const char *text = json_string_value(type);

		if (text[strlen(text) - 1] == '!' && !json_is_string(json_object_get(run->variables, name)) &&
		    !json_is_number(json_object_get(run->variables, name)))
			add_error(
			    run, json_sprintf("Variable \"$%s\" of required type \"%s\" was not provided.", name, text),
			    NULL);
	}
}

static bool
is_of_type(const json_t *object, const char *type)
{
	const char *own = get_text(object, "__typename");

	return type == NULL || own == NULL || strcmp(own, type) == 0 || strcmp(find_interface(own), type) == 0 ||
	       strcmp(type, "RoutableInterface") == 0;
}

static json_t *pick(struct run *run, json_t *value, const json_t *selections, int depth);

static void
pick_into(struct run *run, json_t *out, json_t *object, const json_t *selections, int depth)
{
	json_t *selection;
	size_t i;

	if (depth > GQL_DEPTH_MAX)
		return;
	json_array_foreach(selections, i, selection)
	{
		const char *on = NULL, *name = get_text(selection, "name");
		const json_t *fragment = find_fragment(run, selection, &on);

		if (name != NULL)
			json_object_set_new(
			    out, get_text(selection, "alias"),
			    pick(run, json_object_get(object, name), json_object_get(selection, "fields"), depth + 1));
		else if (is_of_type(object, on))
			pick_into(run, out, object, fragment, depth + 1);
	}
}

static json_t *
pick(struct run *run, json_t *value, const json_t *selections, int depth)
{
	json_t *out, *member;
	size_t i;

	if (json_is_object(value)) {
		out = json_object();
		pick_into(run, out, value, selections, depth);
		return out;
	}
	if (!json_is_array(value))
		return value != NULL ? json_incref(value) : json_null();
	out = json_array();
	json_array_foreach(value, i, member) json_array_append_new(out, pick(run, member, selections, depth + 1));
	return out;
}

/* The arguments with the variables filled in. New reference. */
static json_t *
make_args(const struct run *run, const json_t *selection)
{
	json_t *args = json_object(), *value;
	const char *name;

	json_object_foreach(json_object_get(selection, "args"), name, value)
	{
		const char *variable = get_text(value, "$");

		if (variable != NULL)
			value = json_object_get(run->variables, variable);
		json_object_set(args, name, value);
	}
	return args;
}

static void
run_field(struct run *run, const json_t *selection, json_t *data)
{
	const char *name = get_text(selection, "name"), *alias = get_text(selection, "alias"), *failure = NULL;
	json_t *args = make_args(run, selection), *value;

	value = strcmp(name, "__typename") == 0 ? json_string("Query")
						: gql_resolve(run->demo, run->store, name, args, &failure);
	if (failure != NULL) {
		add_error(run, json_string(failure), selection);
		json_object_update_new(
		    json_array_get(run->errors, json_array_size(run->errors) - 1),
		    json_pack("{s:[s], s:{s:s}}", "path", alias, "extensions", "category", "graphql-no-such-entity"));
	}
	json_object_set_new(data, alias, pick(run, value, json_object_get(selection, "fields"), 0));
	json_decref(value);
	json_decref(args);
}

static void
run_fields(struct run *run, const json_t *selections, json_t *data, int depth)
{
	json_t *selection;
	size_t i;

	if (depth > GQL_DEPTH_MAX)
		return;
	json_array_foreach(selections, i, selection)
	{
		const char *on = NULL;

		if (get_text(selection, "name") != NULL)
			run_field(run, selection, data);
		else
			run_fields(run, find_fragment(run, selection, &on), data, depth + 1);
	}
}

void
gql_run(struct demo *demo, int store, const json_t *query, const json_t *variables, struct reply *reply)
{
	struct run run = {demo, store, query, variables, json_array()};
	json_t *answer = json_object(), *data;

	check_selections(&run, &types[0], json_object_get(query, "fields"), 0);
	check_variables(&run);
	/* A query that is not valid is not run at all. */
	if (json_array_size(run.errors) == 0) {
		data = json_object();
		run_fields(&run, json_object_get(query, "fields"), data, 0);
		if (json_array_size(run.errors) > 0)
			json_object_set(answer, "errors", run.errors);
		json_object_set_new(answer, "data", data);
	} else {
		json_object_set(answer, "errors", run.errors);
	}
	json_decref(run.errors);
	reply_set_json(reply, 200, answer);
}
