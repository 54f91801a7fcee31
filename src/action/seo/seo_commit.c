/*
 * seo_commit.c - seo.commit_bulk_update_url_keys: the product PUTs of the catalog domain, and a look at the redirects
 */
#include <string.h>

#include "json/get.h"
#include "magento/graphql.h"
#include "seo_private.h"

#define LOOKS_MAX 3

/* Does the old address lead on?  NULL: yes, or nobody can tell. */
static const char *
look(struct store_client *sc, const struct commit_step *step)
{
	const char *suffix = json_get_str(json_object_get(step->plan_item, "suffixes"), step->scope, "");
	const char *view = strcmp(step->scope, MAGENTO_SCOPE_ALL) != 0 ? step->scope : NULL;
	const char *old_url = pool_printf(sc->call->pool, "%s%s", json_get_str(step->from, "url_key", ""), suffix);
	json_t *variables = old_url != NULL ? json_pack("{s:s}", "u", old_url) : NULL;
	json_t *data = NULL;
	const char *missing = NULL;
	struct fault ignored;

	fault_init(&ignored);
	if (variables != NULL &&
	    graphql_query(&sc->magento, view, "query($u:String!){route(url:$u){redirect_code relative_url}}", variables,
			  &data, &ignored) == 0 &&
	    json_get_int(json_get_object(data, "route"), "redirect_code", 0) == 0)
		missing = old_url;
	fault_fini(&ignored);
	json_decref(data);
	json_decref(variables);
	return missing;
}

/* Of the renamed products up to three are looked at: a rewrite that is missing is no failure of the change itself. */
static void
check_redirects(struct store_client *sc, struct commit_step *const *steps, size_t n, json_t *result)
{
	json_t *warnings = json_array();
	size_t looks = 0;

	for (size_t i = 0; i < n && looks < LOOKS_MAX; i++) {
		const char *missing;

		if (steps[i]->status != KEEPER_UPDATED || !json_get_bool(steps[i]->plan_item, "has_redirect", false))
			continue;
		looks++;
		missing = look(sc, steps[i]);
		if (missing != NULL) {
			json_array_append_new(
			    warnings,
			    json_sprintf(
				"The storefront does not redirect %s yet: reindex needed, or the redirect was not made",
				missing));
		}
	}
	json_object_set_new(result, "warnings", warnings);
}

static struct commit_ops
url_key_ops(void)
{
	struct commit_ops ops = catalog_commit_ops;

	ops.pair = "seo.update_url_keys";
	ops.after = check_redirects;
	return ops;
}

int
seo_commit_url_keys(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const struct commit_ops ops = url_key_ops();

	return commit_run(call, params, &ops, result_r, fault);
}

int
seo_ask_url_keys(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	const struct commit_ops ops = url_key_ops();

	return commit_question(call, params, &ops, text, fault);
}
