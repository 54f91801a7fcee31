#include "rule_desk.h"

#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "json/get.h"
#include "magento/error.h"
#include "magento/scope.h"
#include "results.h"
#include "rule_fields.h"

#define WAIT_MS 500
#define GROUPS_SHOWN 20

const struct config_list *
rule_more_conditions(const struct action_call *call)
{
	return &call->env->config->guardrails.rule_condition_classes;
}

/* ---- one rule ---- */

static int
refuse_body(int status, struct fault *fault)
{
	return fault_set(
	    fault, FAULT_MAGENTO_API_ERROR,
	    json_pack("{s:i, s:s}", "statusCode", status, "kind", MAGENTO_KIND_NOT_JSON),
	    "Magento answered something that is no cart price rule. Is there a proxy or a module in between?");
}

static int
explain(int64_t rule_id, struct fault *fault)
{
	if (fault->code == FAULT_NOT_FOUND)
		fault_set(fault, FAULT_NOT_FOUND, NULL,
			  "There is no cart price rule with id %lld. Try promotions_search_rules.", (long long)rule_id);
	return -1;
}

static int
take_rule(struct magento_reply *reply, json_t **rule_r, struct fault *fault)
{
	if (!json_is_object(reply->body))
		return refuse_body(reply->status, fault);
	if (result_clean(reply->body) < 0)
		return result_out_of_memory(fault);
	*rule_r = json_incref(reply->body);
	return 0;
}

int
rule_read(struct store_client *sc, int64_t rule_id, const char *fields, json_t **rule_r, struct fault *fault)
{
	const struct magento_param projection = {.name = "fields", .value = fields};
	struct magento_request request = {
	    .method = FETCH_GET,
	    .scope = MAGENTO_SCOPE_ALL,
	    .path = pool_printf(sc->call->pool, "/salesRules/%lld", (long long)rule_id),
	    .query = &projection,
	    .n_query = fields != NULL,
	};
	struct magento_reply reply;
	int r;

	if (request.path == NULL)
		return result_out_of_memory(fault);
	magento_reply_init(&reply);
	r = magento_call(&sc->magento, &request, &reply, fault);
	r = r == 0 ? take_rule(&reply, rule_r, fault) : explain(rule_id, fault);
	magento_reply_fini(&reply);
	return r;
}

/* ---- writing ---- */

int
rule_compare(const json_t *body, const json_t *rule, struct fault *fault)
{
	json_t *missing = rule_fields_missing(body, rule);
	const char *first = json_string_value(json_array_get(missing, 0));
	size_t n = json_array_size(missing);

	if (missing == NULL)
		return result_out_of_memory(fault);
	if (n == 0) {
		json_decref(missing);
		return 0;
	}
	fault_set(fault, FAULT_MAGENTO_API_ERROR,
		  json_pack("{s:s, s:O}", "kind", MAGENTO_KIND_REJECTED, "fields", missing),
		  "Magento accepted the request but did not store %s%s. Look at the rule with promotions_get_rule.",
		  first, n > 1 ? " and more, see details" : "");
	json_decref(missing);
	return -1;
}

bool
rule_is_answered(int status)
{
	return status > 0 && status != 502 && status != 503 && status != 504;
}

bool
rule_wait_for_write(struct store_client *sc, uint64_t sent_wall_ms)
{
	struct action_env *env = sc->call->env;

	if (clock_wall_ms() >= sent_wall_ms + sc->magento.limits.write_timeout_ms ||
	    clock_mono_ms() >= sc->call->deadline_mono_ms)
		return false;
	return env->wait_ms != NULL && env->wait_ms(env->waiter, WAIT_MS) == 0;
}

/* A write without an answer: reads until the rule is as sent, or the write can no longer arrive. */
static int
settle(struct store_client *sc, int64_t rule_id, const json_t *body, uint64_t sent_wall_ms, json_t **rule_r)
{
	struct fault fault;
	int r;

	do {
		json_decref(*rule_r);
		*rule_r = NULL;
		fault_init(&fault);
		r = rule_read(sc, rule_id, NULL, rule_r, &fault);
		if (r == 0)
			r = rule_compare(body, *rule_r, &fault);
		fault_fini(&fault);
	} while (r < 0 && rule_wait_for_write(sc, sent_wall_ms));
	return r;
}

static json_t *
wrap(int64_t rule_id, json_t *body)
{
	json_t *rule = json_pack("{s:I}", "rule_id", (json_int_t)rule_id);

	if (rule == NULL || json_object_update_missing(rule, body) < 0) {
		json_decref(rule);
		return NULL;
	}
	return json_pack("{s:o}", "rule", rule);
}

static int
put(struct store_client *sc, const struct magento_request *request, int64_t rule_id, json_t *body, bool *changed_r,
    json_t **rule_r, struct fault *fault)
{
	uint64_t sent_wall_ms = clock_wall_ms();
	struct magento_reply reply;
	int r;

	magento_reply_init(&reply);
	r = magento_call(&sc->magento, request, &reply, fault);
	*changed_r = r == 0 || reply.in_doubt;
	if (r == 0) {
		r = take_rule(&reply, rule_r, fault);
		if (r == 0)
			r = rule_compare(body, *rule_r, fault);
	} else if (reply.in_doubt &&
		   settle(sc, rule_id, body, rule_is_answered(reply.status) ? 0 : sent_wall_ms, rule_r) == 0) {
		fault_fini(fault);
		fault_init(fault);
		r = 0;
	} else {
		explain(rule_id, fault);
	}
	magento_reply_fini(&reply);
	return r;
}

int
rule_write(struct store_client *sc, int64_t rule_id, json_t *body, bool *changed_r, json_t **rule_r,
	   struct fault *fault)
{
	struct magento_request request = {
	    .method = FETCH_PUT,
	    .scope = MAGENTO_SCOPE_ALL,
	    .path = pool_printf(sc->call->pool, "/salesRules/%lld", (long long)rule_id),
	    .body = wrap(rule_id, body),
	};
	int r;

	*rule_r = NULL;
	*changed_r = false;
	if (request.path == NULL || request.body == NULL)
		r = result_out_of_memory(fault);
	else
		r = put(sc, &request, rule_id, body, changed_r, rule_r, fault);
	json_decref(request.body);
	if (r < 0) {
		json_decref(*rule_r);
		*rule_r = NULL;
	}
	return r;
}

/* ---- lists ---- */

int
rule_list(struct store_client *sc, const char *path, struct criteria *criteria, json_t **items_r, int64_t *total_r,
	  struct fault *fault)
{
	struct magento_request request = {.method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .path = path};
	struct magento_reply reply;
	int r;

	*items_r = NULL;
	if (criteria_finish(criteria, &request.query, &request.n_query) < 0)
		return result_out_of_memory(fault);
	magento_reply_init(&reply);
	r = magento_call(&sc->magento, &request, &reply, fault);
	if (r == 0 && !json_is_object(reply.body)) {
		r = fault_set(fault, FAULT_MAGENTO_API_ERROR,
			      json_pack("{s:i, s:s}", "statusCode", reply.status, "kind", MAGENTO_KIND_NOT_JSON),
			      "Magento answered %d with something that is no list.", reply.status);
	} else if (r == 0) {
		json_t *items = json_get_array(reply.body, "items");

		*items_r = items != NULL ? json_incref(items) : json_array();
		if (total_r != NULL)
			*total_r = json_get_int(reply.body, "total_count", 0);
		r = *items_r != NULL && result_clean(*items_r) == 0 ? 0 : result_out_of_memory(fault);
	}
	if (r < 0) {
		json_decref(*items_r);
		*items_r = NULL;
	}
	magento_reply_fini(&reply);
	return r;
}

int
rule_highest_id(struct store_client *sc, const char *path, const char *field, int64_t rule_id, int64_t *id_r,
		struct fault *fault)
{
	struct criteria criteria;
	json_t *items = NULL;

	criteria_init(&criteria, sc->call->pool);
	if (rule_id > 0)
		criteria_where(&criteria, "rule_id", "eq", pool_printf(sc->call->pool, "%lld", (long long)rule_id));
	criteria_sort(&criteria, field, "DESC");
	criteria_page(&criteria, 1, 1);
	criteria_param(&criteria, "fields", pool_printf(sc->call->pool, "items[%s]", field));
	*id_r = 0;
	if (rule_list(sc, path, &criteria, &items, NULL, fault) < 0)
		return -1;
	*id_r = json_get_int(json_array_get(items, 0), field, 0);
	json_decref(items);
	return 0;
}

/* ---- what a rule refers to ---- */

/* The role may not look: the rule is taken as it is, and the caller told.  Anything else stays a fault. */
static int
forgive(const char *what, json_t *warnings, struct fault *fault)
{
	char text[FAULT_MESSAGE_MAX + 100];

	if (fault->code != FAULT_FORBIDDEN)
		return -1;
	snprintf(text, sizeof(text), "%s could not be checked: %s", what, fault->message);
	fault_fini(fault);
	fault_init(fault);
	return json_array_append_new(warnings, json_string(text)) == 0 ? 0 : result_out_of_memory(fault);
}

static bool
knows_website(const struct scope_tree *tree, const json_t *id)
{
	return scope_website_by_id(tree, json_integer_value(id)) != NULL;
}

static bool
knows_label(const struct scope_tree *tree, const json_t *label)
{
	int64_t id = json_get_int(label, "store_id", -1);

	return id == 0 || scope_view_by_id(tree, id) != NULL;
}

static bool
knows_all(const struct scope_tree *tree, const json_t *body)
{
	json_t *websites = json_get_array(body, "website_ids"), *labels = json_get_array(body, "store_labels");

	for (size_t i = 0; i < json_array_size(websites); i++) {
		if (!knows_website(tree, json_array_get(websites, i)))
			return false;
	}
	for (size_t i = 0; i < json_array_size(labels); i++) {
		if (!knows_label(tree, json_array_get(labels, i)))
			return false;
	}
	return true;
}

static int
refuse_tree_ids(const struct scope_tree *tree, const json_t *body, const char *path, json_t *violations)
{
	json_t *websites = json_get_array(body, "website_ids"), *labels = json_get_array(body, "store_labels");
	char where[100];
	int r = 0;

	for (size_t i = 0; i < json_array_size(websites); i++) {
		const json_t *id = json_array_get(websites, i);

		snprintf(where, sizeof(where), "%s.website_ids[%zu]", path, i);
		if (!knows_website(tree, id))
			r |= arguments_violation(violations, where,
						 "%lld is no website of this shop, see scope_list_websites_stores",
						 (long long)json_integer_value(id));
	}
	for (size_t i = 0; i < json_array_size(labels); i++) {
		const json_t *label = json_array_get(labels, i);

		snprintf(where, sizeof(where), "%s.store_labels[%zu].store_id", path, i);
		if (!knows_label(tree, label))
			r |= arguments_violation(violations, where,
						 "%lld is no store view of this shop, see scope_list_websites_stores",
						 (long long)json_get_int(label, "store_id", -1));
	}
	return r;
}

static int
check_tree(struct store_client *sc, const json_t *body, const char *path, json_t *violations, json_t *warnings,
	   struct fault *fault)
{
	const struct scope_tree *tree = NULL;
	bool was_kept = false;

	if (json_get(body, "website_ids") == NULL && json_get(body, "store_labels") == NULL)
		return 0;
	if (scope_tree_get(&sc->magento, sc->call->env->scopes, false, &tree, &was_kept, fault) < 0)
		return forgive("website_ids and store_labels", warnings, fault);
	if (knows_all(tree, body))
		return 0;
	if (was_kept && scope_tree_get(&sc->magento, sc->call->env->scopes, true, &tree, NULL, fault) < 0)
		return forgive("website_ids and store_labels", warnings, fault);
	return refuse_tree_ids(tree, body, path, violations) == 0 ? 0 : result_out_of_memory(fault);
}

static bool
is_group(const json_t *groups, int64_t id)
{
	for (size_t i = 0; i < json_array_size(groups); i++) {
		if (json_get_int(json_array_get(groups, i), "id", -1) == id)
			return true;
	}
	return false;
}

/* "0, 1, 2": the groups there are, the first of them. */
static void
list_groups(const json_t *groups, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(groups) && i < GROUPS_SHOWN && len < cap; i++) {
		int n = snprintf(out + len, cap - len, "%s%lld", i > 0 ? ", " : "",
				 (long long)json_get_int(json_array_get(groups, i), "id", 0));

		len += n > 0 ? (size_t)n : 0;
	}
}

static int
refuse_groups(const json_t *wanted, const json_t *groups, bool is_whole, const char *path, json_t *violations,
	      json_t *warnings)
{
	char where[100], there[160];
	int r = 0;

	list_groups(groups, there, sizeof(there));
	for (size_t i = 0; i < json_array_size(wanted); i++) {
		int64_t id = json_integer_value(json_array_get(wanted, i));

		if (is_group(groups, id))
			continue;
		if (!is_whole) /* the shop gave only a part of its groups */
			return json_array_append_new(warnings,
						     json_string("customer_group_ids could be checked only in part."));
		snprintf(where, sizeof(where), "%s.customer_group_ids[%zu]", path, i);
		r |= arguments_violation(violations, where, "%lld is no customer group of this shop; there are %s",
					 (long long)id, there);
	}
	return r;
}

static int
check_groups(struct store_client *sc, const json_t *body, const char *path, json_t *violations, json_t *warnings,
	     struct fault *fault)
{
	json_t *wanted = json_get_array(body, "customer_group_ids");
	struct criteria criteria;
	json_t *groups = NULL;
	int64_t total = 0;
	int r;

	if (wanted == NULL)
		return 0;
	criteria_init(&criteria, sc->call->pool);
	criteria_param(&criteria, "fields", "items[id,code],total_count");
	if (rule_list(sc, "/customerGroups/search", &criteria, &groups, &total, fault) < 0)
		return forgive("customer_group_ids", warnings, fault);
	r = refuse_groups(wanted, groups, total <= (int64_t)json_array_size(groups), path, violations, warnings);
	json_decref(groups);
	return r == 0 ? 0 : result_out_of_memory(fault);
}

int
rule_check_references(struct store_client *sc, const json_t *body, const char *path, json_t *violations,
		      json_t *warnings, struct fault *fault)
{
	if (check_tree(sc, body, path, violations, warnings, fault) < 0)
		return -1;
	return check_groups(sc, body, path, violations, warnings, fault);
}

/* ---- going on ---- */

int
rule_may_go_on(struct store_client *sc, struct fault *fault)
{
	struct action_call *call = sc->call;

	if (fiber_is_cancelled(fiber_current()))
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	if (!login_is_live(call->env->sessions, slice_from_str(call->principal->name), call->login_ref, action_now()))
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL, "The session has ended. Call auth_login.");
	if (clock_mono_ms() >= call->deadline_mono_ms)
		return fault_set(fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:s}", "kind", MAGENTO_KIND_TIMEOUT),
				 "The time of one call is over.");
	return 0;
}
