/* Condition trees of cart price rules. */

#include "promotions.h"

#include <string.h>

#define CLASS "Magento\\SalesRule\\Model\\Rule\\Condition\\"

enum { DEPTH_MAX = 20 };

static const struct condition_class {
	const char *name;
	bool combines; /* has conditions of its own */
} classes[] = {
    {CLASS "Combine", true},	      {CLASS "Address", false},
    {CLASS "Product\\Found", true},   {CLASS "Product\\Subselect", true},
    {CLASS "Product\\Combine", true}, {CLASS "Product", false},
};

static const struct condition_class *
find_class(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strcmp(classes[i].name, name) == 0)
			return &classes[i];
	}
	return NULL;
}

static void
copy_sent(json_t *node, const json_t *sent, const char *name)
{
	json_t *value = json_object_get(sent, name);

	if (value != NULL && !json_is_null(value))
		json_object_set(node, name, value);
}

static json_t *normalise(const json_t *sent, const char *class_name, bool combines, int depth);

static json_t *
normalise_children(const json_t *sent, int depth)
{
	json_t *list = json_array(), *child;
	size_t i;

	json_array_foreach(json_object_get(sent, "conditions"), i, child)
	{
		const struct condition_class *class =
		    find_class(json_string_value(json_object_get(child, "condition_type")));

		if (class != NULL && depth < DEPTH_MAX)
			json_array_append_new(list, normalise(child, class->name, class->combines, depth + 1));
	}
	return list;
}

static json_t *
normalise(const json_t *sent, const char *class_name, bool combines, int depth)
{
	json_t *node = json_object(), *children, *value = json_object_get(sent, "value");

	json_object_set_new(node, "condition_type", json_string(class_name));
	if (!combines) {
		copy_sent(node, sent, "operator");
		copy_sent(node, sent, "attribute_name");
		copy_sent(node, sent, "value");
		return node;
	}
	children = normalise_children(sent, depth);
	if (json_array_size(children) > 0)
		json_object_set(node, "conditions", children);
	json_decref(children);
	copy_sent(node, sent, "aggregator_type");
	json_object_set_new(node, "operator", json_null());
	copy_sent(node, sent, "operator");
	copy_sent(node, sent, "attribute_name");
	json_object_set_new(node, "value", value != NULL ? json_incref(value) : json_null());
	return node;
}

static const char *
root_class(bool of_items)
{
	return of_items ? CLASS "Product\\Combine" : CLASS "Combine";
}

json_t *
conditions_normalise(const json_t *sent, bool of_items)
{
	return normalise(sent, root_class(of_items), true, 0);
}

json_t *
conditions_default(bool of_items)
{
	return json_pack("{s:s, s:s, s:n, s:b}", "condition_type", root_class(of_items), "aggregator_type", "all",
			 "operator", "value", 1);
}
