#include "rule_conditions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/clone.h"
#include "json/get.h"
#include "json/write.h"

#define PATH_CAP 320
#define VALUE_MAX 4096
#define WALK_DEPTH_MAX 64 /* replies are parsed to this depth */
#define SIGNATURE_MAX (1024 * 1024)

#define CLASS(name) "Magento\\SalesRule\\Model\\Rule\\Condition\\" name

/* What a kind of node is made of. */
enum part {
	PART_CHILDREN = 1 << 0, /* aggregator_type, conditions */
	PART_YES_NO = 1 << 1,	/* value says whether the children must hold ("1") or not ("0") */
	PART_COMPARE = 1 << 2	/* attribute_name, operator, value */
};

struct kind {
	const char *word;
	const char *class_name;
	enum rule_side side; /* where it may stand */
	enum rule_side children;
	unsigned parts;
	const char *const *attributes; /* NULL: any attribute code */
};

static const char *const address_attributes[] = {"base_subtotal",
						 "base_subtotal_with_discount",
						 "total_qty",
						 "weight",
						 "payment_method",
						 "shipping_method",
						 "postcode",
						 "region",
						 "region_id",
						 "country_id",
						 NULL};
static const char *const subselect_attributes[] = {"qty", "base_row_total", "base_row_total_incl_tax", NULL};

/* Compared as numbers: text would count as 0, and every cart reaches that. */
static const char *const numeric_attributes[] = {"base_subtotal",
						 "base_subtotal_with_discount",
						 "total_qty",
						 "weight",
						 "qty",
						 "base_row_total",
						 "base_row_total_incl_tax",
						 "quote_item_price",
						 "quote_item_qty",
						 "quote_item_row_total",
						 NULL};

static const char *const operators[] = {"==", "!=", ">=", "<=", ">", "<", "{}", "!{}", "()", "!()", NULL};

static const struct kind kinds[] = {
    {"combine", CLASS("Combine"), RULE_SIDE_CART, RULE_SIDE_CART, PART_CHILDREN | PART_YES_NO, NULL},
    {"address", CLASS("Address"), RULE_SIDE_CART, RULE_SIDE_CART, PART_COMPARE, address_attributes},
    {"product_found", CLASS("Product\\Found"), RULE_SIDE_CART, RULE_SIDE_ITEMS, PART_CHILDREN | PART_YES_NO, NULL},
    {"product_subselect", CLASS("Product\\Subselect"), RULE_SIDE_CART, RULE_SIDE_ITEMS, PART_CHILDREN | PART_COMPARE,
     subselect_attributes},
    {"product_combine", CLASS("Product\\Combine"), RULE_SIDE_ITEMS, RULE_SIDE_ITEMS, PART_CHILDREN | PART_YES_NO, NULL},
    {"product", CLASS("Product"), RULE_SIDE_ITEMS, RULE_SIDE_ITEMS, PART_COMPARE, NULL},
};

static const char *const words_of_side[] = {
    [RULE_SIDE_CART] = "combine, address, product_found, product_subselect",
    [RULE_SIDE_ITEMS] = "product_combine, product",
};

static const struct kind *
root_kind(enum rule_side side)
{
	return &kinds[side == RULE_SIDE_CART ? 0 : 4];
}

static const struct kind *
kind_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].word, name) == 0 || strcmp(kinds[i].class_name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

static bool
is_listed(const char *const *list, const char *name)
{
	for (size_t i = 0; list[i] != NULL; i++) {
		if (strcmp(list[i], name) == 0)
			return true;
	}
	return false;
}

static bool
is_configured(const struct config_list *more, const char *name)
{
	for (size_t i = 0; more != NULL && i < more->n; i++) {
		if (strcmp(more->items[i], name) == 0)
			return true;
	}
	return false;
}

/* ---- values as Magento keeps them: text ---- */

static int
put_scalar(struct buf *out, const json_t *value)
{
	int64_t whole;

	if (json_is_string(value))
		return buf_put(out, json_string_value(value), json_string_length(value));
	if (json_is_boolean(value))
		return buf_put_char(out, json_is_true(value) ? '1' : '0');
	if (json_is_integral(value, &whole))
		return buf_put_i64(out, whole);
	if (json_is_number(value))
		return json_dump_to(out, value);
	return ERR_INVALID;
}

/* ERR_INVALID for what has no text: null, objects, lists of lists. */
static int
put_value(struct buf *out, const json_t *value)
{
	if (!json_is_array(value))
		return put_scalar(out, value);
	for (size_t i = 0; i < json_array_size(value); i++) {
		int r = i > 0 ? buf_put_char(out, ',') : 0;

		if (r == 0)
			r = put_scalar(out, json_array_get(value, i));
		if (r < 0)
			return r;
	}
	return 0;
}

static bool
is_number_text(const char *text)
{
	char *end;

	strtod(text, &end);
	return end != text && *end == '\0' && strspn(text, "+-.0123456789eE") == strlen(text);
}

/* ---- building ---- */

struct building {
	const struct config_list *more;
	json_t *violations;
	size_t nodes;
	bool no_memory;
};

/* A list of children being gone through. */
struct level {
	const json_t *given; /* array */
	size_t next;
	json_t *made; /* borrowed from its node */
	enum rule_side side;
	char path[PATH_CAP];
};

static void
object_to(struct building *b, const char *path, const char *member, const char *what)
{
	char where[PATH_CAP + 24];

	snprintf(where, sizeof(where), "%s%s%s", path, member[0] != '\0' ? "." : "", member);
	if (arguments_violation(b->violations, where, "%s", what) < 0)
		b->no_memory = true;
}

/* A name that may stand in a message: not too long, and nothing that a cut could break. */
static bool
is_showable(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	}
	return len <= 80;
}

static void
refuse_class(struct building *b, const char *path, const char *name, enum rule_side side)
{
	char what[256];

	if (kind_find(name) != NULL && side == RULE_SIDE_CART)
		snprintf(what, sizeof(what),
			 "is a condition on items: put it inside product_found or product_subselect");
	else if (kind_find(name) != NULL)
		snprintf(what, sizeof(what), "is a condition on the cart: here only %s may stand", words_of_side[side]);
	else
		snprintf(what, sizeof(what),
			 "%s is not known; Magento would drop it silently and discount every cart. Use one of: %s",
			 is_showable(name) ? name : "this class", words_of_side[side]);
	object_to(b, path, "condition_type", what);
}

static void
put_text(struct building *b, json_t *node, const char *member, const char *text)
{
	if (json_object_set_new(node, member, json_string(text)) < 0)
		b->no_memory = true;
}

static void
check_members(struct building *b, const json_t *given, const struct kind *kind, const char *path)
{
	static const char *const known[] = {"condition_type", "aggregator_type", "value", "conditions",
					    "operator",	      "attribute_name",	 NULL};
	void *iter = json_object_iter((json_t *)(uintptr_t)given);

	for (; iter != NULL; iter = json_object_iter_next((json_t *)(uintptr_t)given, iter)) {
		const char *name = json_object_iter_key(iter);

		if (!is_listed(known, name))
			object_to(b, path, "",
				  "has a member that conditions do not have; they have condition_type, "
				  "aggregator_type, value, "
				  "conditions, operator, attribute_name");
	}
	if (!(kind->parts & PART_CHILDREN) && json_get_array_len(given, "conditions") > 0)
		object_to(b, path, "conditions", "cannot be here: only combinations have conditions inside");
	if (!(kind->parts & PART_CHILDREN) && json_get(given, "aggregator_type") != NULL)
		object_to(b, path, "aggregator_type", "belongs to combinations only");
	if (!(kind->parts & PART_COMPARE) && json_get(given, "operator") != NULL)
		object_to(b, path, "operator", "does not belong to a combination");
	if (!(kind->parts & PART_COMPARE) && json_get(given, "attribute_name") != NULL)
		object_to(b, path, "attribute_name", "does not belong to a combination");
}

static void
add_aggregator(struct building *b, const json_t *given, json_t *node, const char *path)
{
	static const char *const words[] = {"all", "any", NULL};
	json_t *aggregator = json_get(given, "aggregator_type");
	const char *text = json_get_str(given, "aggregator_type", "");

	if (aggregator != NULL && !is_listed(words, text))
		object_to(b, path, "aggregator_type", "must be \"all\" or \"any\"");
	put_text(b, node, "aggregator_type", aggregator != NULL ? text : "all");
}

static void
add_yes_no(struct building *b, const json_t *given, json_t *node, const char *path)
{
	json_t *value = json_get(given, "value");
	struct buf text;

	buf_init(&text, VALUE_MAX);
	if (value == NULL)
		buf_put_char(&text, '1');
	else if (put_scalar(&text, value) < 0 || (!slice_is(buf_slice(&text), "1") && !slice_is(buf_slice(&text), "0")))
		object_to(b, path, "value", "must be \"1\" (the conditions hold) or \"0\" (they do not)");
	put_text(b, node, "value", buf_cstr(&text));
	b->no_memory = b->no_memory || text.failed == ERR_NOMEM;
	buf_fini(&text);
}

static void
add_attribute(struct building *b, const json_t *given, const struct kind *kind, json_t *node, const char *path)
{
	const char *name = json_get_str(given, "attribute_name", "");
	bool is_code = name[0] >= 'a' && name[0] <= 'z' && strlen(name) <= 60 &&
		       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);

	if (!is_code)
		object_to(b, path, "attribute_name", "must be an attribute code in lower case");
	else if (kind->attributes == address_attributes && !is_listed(kind->attributes, name))
		object_to(
		    b, path, "attribute_name",
		    "must be one of base_subtotal, base_subtotal_with_discount, total_qty, weight, payment_method, "
		    "shipping_method, postcode, region, region_id, country_id");
	else if (kind->attributes == subselect_attributes && !is_listed(kind->attributes, name))
		object_to(b, path, "attribute_name", "must be one of qty, base_row_total, base_row_total_incl_tax");
	put_text(b, node, "attribute_name", name);
}

static void
add_compared_value(struct building *b, const json_t *given, json_t *node, const char *path)
{
	json_t *value = json_get(given, "value");
	struct buf text;

	buf_init(&text, VALUE_MAX);
	if (value == NULL || put_value(&text, value) < 0)
		object_to(b, path, "value", "must be text, a number or a list of those, at most 4096 bytes");
	else if (is_listed(numeric_attributes, json_get_str(node, "attribute_name", "")) &&
		 !is_number_text(buf_cstr(&text)))
		object_to(b, path, "value", "must be a number, since this attribute is one");
	put_text(b, node, "value", buf_cstr(&text));
	b->no_memory = b->no_memory || text.failed == ERR_NOMEM;
	buf_fini(&text);
}

static void
add_comparison(struct building *b, const json_t *given, const struct kind *kind, json_t *node, const char *path)
{
	const char *operator= json_get_str(given, "operator", "");

	add_attribute(b, given, kind, node, path);
	if (!is_listed(operators, operator))
		object_to(b, path, "operator", "must be one of == != >= <= > < {} !{} () !()");
	put_text(b, node, "operator", operator);
	add_compared_value(b, given, node, path);
}

/* One node without its children; NULL when it cannot be built. */
static json_t *
build_node(struct building *b, const json_t *given, enum rule_side side, const char *path, const struct kind **kind_r)
{
	const char *name = json_get_str(given, "condition_type", "");
	const struct kind *kind = kind_find(name);
	json_t *node;

	*kind_r = NULL;
	if (!json_is_object(given) || name[0] == '\0') {
		object_to(b, path, "condition_type", "is required, as text");
		return NULL;
	}
	if (is_configured(b->more, name)) {
		node = json_clone(given);
		b->no_memory = b->no_memory || node == NULL;
		return node;
	}
	if (kind == NULL || kind->side != side) {
		refuse_class(b, path, name, side);
		return NULL;
	}
	check_members(b, given, kind, path);
	node = json_pack("{s:s}", "condition_type", kind->class_name);
	if (node == NULL) {
		b->no_memory = true;
		return NULL;
	}
	if (kind->parts & PART_CHILDREN)
		add_aggregator(b, given, node, path);
	if (kind->parts & PART_YES_NO)
		add_yes_no(b, given, node, path);
	if (kind->parts & PART_COMPARE)
		add_comparison(b, given, kind, node, path);
	*kind_r = kind;
	return node;
}

/* Gives the node a list of children, to be filled on the next level. */
static bool
open_level(struct building *b, struct level *level, json_t *node, const struct kind *kind, const json_t *given,
	   const char *path)
{
	json_t *children = json_get(given, "conditions");
	json_t *made = json_array();

	if (made == NULL || json_object_set_new(node, "conditions", made) < 0) {
		b->no_memory = true;
		return false;
	}
	if (children != NULL && !json_is_array(children)) {
		object_to(b, path, "conditions", "must be an array");
		return false;
	}
	if (json_array_size(children) == 0)
		return false;
	*level = (struct level){.given = children, .made = made, .side = kind->children};
	snprintf(level->path, sizeof(level->path), "%s.conditions", path);
	return true;
}

/* One more child of the innermost level; may open a level of its own. */
static size_t
build_child(struct building *b, struct level *levels, size_t depth)
{
	struct level *level = &levels[depth - 1];
	size_t index = level->next++;
	const json_t *given = json_array_get(level->given, index);
	const struct kind *kind;
	char path[PATH_CAP];
	json_t *node;

	snprintf(path, sizeof(path), "%.*s[%zu]", PATH_CAP - 24, level->path, index);
	if (++b->nodes > RULE_CONDITIONS_NODES_MAX)
		return depth;
	node = build_node(b, given, level->side, path, &kind);
	if (node == NULL)
		return depth;
	if (json_array_append_new(level->made, node) < 0) {
		b->no_memory = true;
		return depth;
	}
	if (kind == NULL || !(kind->parts & PART_CHILDREN))
		return depth;
	if (depth + 1 >= RULE_CONDITIONS_DEPTH_MAX && json_get_array_len(given, "conditions") > 0) {
		object_to(b, path, "conditions", "is nested too deeply: at most 6 levels");
		return depth;
	}
	return open_level(b, &levels[depth], node, kind, given, path) ? depth + 1 : depth;
}

static void
build_children(struct building *b, struct level *first, const char *path)
{
	struct level levels[RULE_CONDITIONS_DEPTH_MAX];
	size_t depth = 1;

	levels[0] = *first;
	while (depth > 0 && !b->no_memory && b->nodes <= RULE_CONDITIONS_NODES_MAX) {
		if (levels[depth - 1].next < json_array_size(levels[depth - 1].given))
			depth = build_child(b, levels, depth);
		else
			depth--;
	}
	if (b->nodes > RULE_CONDITIONS_NODES_MAX)
		object_to(b, path, "", "has too many conditions: at most 100");
}

/* A list, or a single condition, stands inside the side's combine. */
static json_t *
build_wrapped(struct building *b, enum rule_side side, const json_t *given, const char *path)
{
	json_t *root = rule_conditions_none(side);
	json_t *list = json_is_array(given) ? json_incref((json_t *)(uintptr_t)given) : json_pack("[O]", given);
	struct level level = {.given = list, .side = side, .made = json_object_get(root, "conditions")};

	snprintf(level.path, sizeof(level.path), "%s", path);
	if (root == NULL || list == NULL)
		b->no_memory = true;
	else if (json_array_size(list) > 0)
		build_children(b, &level, path);
	json_decref(list);
	return root;
}

static json_t *
build_whole(struct building *b, enum rule_side side, const json_t *given, const char *path)
{
	const struct kind *kind;
	struct level level;
	json_t *root = build_node(b, given, side, path, &kind);

	if (root != NULL && kind != NULL && open_level(b, &level, root, kind, given, path))
		build_children(b, &level, path);
	return root;
}

int
rule_conditions_build(enum rule_side side, const json_t *given, const struct config_list *more, const char *path,
		      json_t *violations, json_t **tree_r)
{
	struct building b = {.more = more, .violations = violations, .nodes = 1};
	size_t before = json_array_size(violations);
	json_t *tree;

	*tree_r = NULL;
	if (json_is_object(given) && kind_find(json_get_str(given, "condition_type", "")) == root_kind(side))
		tree = build_whole(&b, side, given, path);
	else
		tree = build_wrapped(&b, side, given, path);
	if (!b.no_memory && json_array_size(violations) == before)
		*tree_r = tree;
	else
		json_decref(tree);
	return b.no_memory ? -1 : 0;
}

json_t *
rule_conditions_none(enum rule_side side)
{
	return json_pack("{s:s, s:s, s:s, s:[]}", "condition_type", root_kind(side)->class_name, "aggregator_type",
			 "all", "value", "1", "conditions");
}

/* ---- looking at trees, Magento's too ---- */

/* Node by node, parents first. */
struct walk {
	const json_t *root; /* not given yet */
	const json_t *lists[WALK_DEPTH_MAX];
	size_t next[WALK_DEPTH_MAX];
	size_t depth;
	bool is_too_deep;
};

static const json_t *
walk_enter(struct walk *w, const json_t *node)
{
	json_t *children = json_get_array(node, "conditions");

	if (json_array_size(children) > 0 && w->depth < WALK_DEPTH_MAX) {
		w->lists[w->depth] = children;
		w->next[w->depth++] = 0;
	} else if (json_array_size(children) > 0) {
		w->is_too_deep = true;
	}
	return node;
}

static const json_t *
walk_next(struct walk *w)
{
	const json_t *root = w->root;

	w->root = NULL;
	if (root != NULL)
		return walk_enter(w, root);
	while (w->depth > 0) {
		const json_t *node = json_array_get(w->lists[w->depth - 1], w->next[w->depth - 1]++);

		if (node != NULL)
			return walk_enter(w, node);
		w->depth--;
	}
	return NULL;
}

bool
rule_conditions_is_empty(const json_t *tree)
{
	struct walk walk = {.root = json_is_object(tree) ? tree : NULL};
	const json_t *node;

	for (node = walk_next(&walk); node != NULL; node = walk_next(&walk)) {
		const struct kind *kind = kind_find(json_get_str(node, "condition_type", ""));

		if (kind == NULL || (kind->parts & PART_COMPARE))
			return false;
	}
	return !walk.is_too_deep;
}

size_t
rule_conditions_count(const json_t *tree)
{
	struct walk walk = {.root = json_is_object(tree) ? tree : NULL};
	size_t n = 0;

	while (walk_next(&walk) != NULL)
		n++;
	return n;
}

/* What a node says, in one spelling. */
static void
put_signature(struct buf *out, const json_t *node, size_t depth)
{
	static const char *const members[] = {"condition_type", "aggregator_type", "value", "operator",
					      "attribute_name"};

	buf_put_u64(out, depth);
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		json_t *value = json_get(node, members[i]);

		buf_put_char(out, '\x1f');
		if (value != NULL && put_value(out, value) < 0)
			buf_put_char(out, '\x1d');
	}
	buf_put_char(out, '\x1e');
}

static void
sign(struct buf *out, const json_t *tree)
{
	struct walk walk = {.root = json_is_object(tree) ? tree : NULL};
	size_t depth = 0;
	const json_t *node;

	for (node = walk_next(&walk); node != NULL; node = walk_next(&walk)) {
		depth = walk.depth - (json_get_array_len(node, "conditions") > 0);
		put_signature(out, node, depth);
	}
}

/* A root without children: Magento spells it in several ways, and it always means the same. */
static bool
is_bare(const json_t *tree)
{
	return rule_conditions_count(tree) <= 1 && rule_conditions_is_empty(tree);
}

bool
rule_conditions_equal(const json_t *a, const json_t *b)
{
	struct buf one, two;
	bool is_equal;

	if (is_bare(a) || is_bare(b))
		return is_bare(a) && is_bare(b);
	buf_init(&one, SIGNATURE_MAX);
	buf_init(&two, SIGNATURE_MAX);
	sign(&one, a);
	sign(&two, b);
	is_equal = one.failed == 0 && two.failed == 0 && slice_eq(buf_slice(&one), buf_slice(&two));
	buf_fini(&one);
	buf_fini(&two);
	return is_equal;
}
