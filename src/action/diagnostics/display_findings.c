#include "display_findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/slice.h"
#include "json/get.h"
#include "magento/product.h"

#define DETAIL_MAX 400
#define ISSUE_MAX 2000

int
display_findings_init(struct findings *findings, json_t *facts)
{
	*findings = (struct findings){.facts = facts,
				      .product = json_object_get(facts, "product"),
				      .checks = json_array(),
				      .groups = json_array(),
				      .actions = json_array()};
	return findings->checks != NULL && findings->groups != NULL && findings->actions != NULL ? 0 : -1;
}

void
display_findings_fini(struct findings *findings)
{
	json_decref(findings->checks);
	json_decref(findings->groups);
	json_decref(findings->actions);
}

const json_t *
display_extension(const json_t *product, const char *name)
{
	return json_get(json_get_object(product, "extension_attributes"), name);
}

const char *
display_attribute(const json_t *product, const char *code)
{
	const char *text = json_string_value(product_attribute(product, code));

	return text != NULL ? text : "";
}

/* ---- recording ---- */

static json_t *
verdict_to_json(enum verdict verdict)
{
	if (verdict == VERDICT_UNKNOWN)
		return json_null();
	return json_boolean(verdict == VERDICT_OK);
}

/* The code of a view, NULL for what is no view. */
static const char *
view_code(const json_t *view)
{
	const char *code = json_get_str(view, "code", "all");

	return strcmp(code, "all") != 0 ? code : NULL;
}

static json_t *
group_of(json_t *groups, const char *detail)
{
	json_t *group;

	for (size_t i = 0; i < json_array_size(groups); i++) {
		group = json_array_get(groups, i);
		if (strcmp(json_get_str(group, "detail", ""), detail) == 0)
			return group;
	}
	group = json_pack("{s:s, s:[]}", "detail", detail, "views");
	return json_array_append_new(groups, group) < 0 ? NULL : group;
}

static int
recommend(struct findings *findings, const char *action)
{
	for (size_t i = 0; i < json_array_size(findings->actions); i++) {
		if (strcmp(json_string_value(json_array_get(findings->actions, i)), action) == 0)
			return 0;
	}
	return json_array_append_new(findings->actions, json_string(action));
}

static int
record_issue(struct place *place, const char *detail, const char *action)
{
	json_t *group = group_of(place->findings->groups, detail);
	const char *code = view_code(place->view);

	if (group == NULL)
		return -1;
	if (code != NULL && json_array_append_new(json_object_get(group, "views"), json_string(code)) < 0)
		return -1;
	return action != NULL ? recommend(place->findings, action) : 0;
}

void
display_record(struct place *place, enum verdict verdict, const char *action, const char *fmt, ...)
{
	const char *code = view_code(place->view);
	char detail[DETAIL_MAX];
	json_t *check;
	va_list ap;
	int r;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	if (!slice_is_utf8(slice_from_str(detail))) /* a name that was cut in the middle of a character */
		snprintf(detail, sizeof(detail), "The text of this check is too long.");
	check = json_pack("{s:s, s:o, s:s}", "check", place->check, "ok", verdict_to_json(verdict), "detail", detail);
	r = check == NULL ? -1 : 0;
	if (r == 0 && code != NULL)
		r = json_object_set_new(check, "view", json_string(code));
	if (r == 0)
		r = json_array_append(place->findings->checks, check);
	if (r == 0 && verdict == VERDICT_BAD)
		r = record_issue(place, detail, action);
	json_decref(check);
	place->findings->failed = place->findings->failed || r < 0;
}

static json_t *
issue_text(const json_t *group)
{
	const json_t *views = json_get_array(group, "views");
	json_t *text = NULL;
	struct buf out;

	buf_init(&out, ISSUE_MAX);
	buf_put_str(&out, json_get_str(group, "detail", ""));
	for (size_t i = 0; i < json_array_size(views) && out.len < ISSUE_MAX - 200; i++)
		buf_printf(&out, "%s%s", i == 0 ? " (store view " : ", ", json_string_value(json_array_get(views, i)));
	buf_put_str(&out, json_array_size(views) > 0 ? ")" : "");
	if (out.failed == 0)
		text = json_string(buf_cstr(&out));
	buf_fini(&out);
	return text;
}

json_t *
display_issues(const struct findings *findings)
{
	json_t *issues = json_array();
	int r = issues != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < json_array_size(findings->groups); i++)
		r = json_array_append_new(issues, issue_text(json_array_get(findings->groups, i)));
	if (r == 0 && json_array_size(findings->groups) == 0)
		r = json_array_append_new(issues, json_string("No issues detected."));
	if (r < 0) {
		json_decref(issues);
		return NULL;
	}
	return issues;
}
