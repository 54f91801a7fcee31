/*
 * seo.c - the seo domain: addresses of products, texts for search engines, chains of redirects
 */
#include "action/action.h"
#include "redirects.h"
#include "seo_private.h"

static const struct action rows[] = {
    {
	.name = "seo.prepare_bulk_update_url_keys",
	.title = "Plan new URL keys",
	.description =
	    "Plan new URL keys for products by adding a prefix or suffix or replacing text; finds collisions and "
	    "shows the redirects that will be made. Commit with seo_commit_bulk_update_url_keys.",
	.tier = ACTION_RISK,
	.flags = ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_OPEN_WORLD,
	.scope = "seo:write",
	.params = &seo_url_keys_params,
	.result = &seo_url_keys_result,
	.run = seo_prepare_url_keys,
    },
    {
	.name = "seo.commit_bulk_update_url_keys",
	.title = "Change URL keys as planned",
	.description = "Carry out a plan of seo_prepare_bulk_update_url_keys.",
	.tier = ACTION_RISK,
	.flags = ACTION_NEEDS_LOGIN | ACTION_DESTRUCTIVE | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD | ACTION_CONFIRM,
	.scope = "seo:write",
	.params = &commit_params,
	.result = &commit_result,
	.run = seo_commit_url_keys,
	.question = seo_ask_url_keys,
    },
    {
	.name = "seo.bulk_update_meta",
	.title = "Set meta texts",
	.description = "Set meta title, description or keywords for all products that match.",
	.tier = ACTION_RISK,
	.flags = ACTION_NEEDS_LOGIN | ACTION_DESTRUCTIVE | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD | ACTION_CONFIRM,
	.scope = "seo:write",
	.params = &seo_meta_params,
	.result = &commit_result,
	.run = seo_update_meta,
    },
    {
	.name = "seo.report_redirect_chains",
	.title = "Find redirect chains",
	.description =
	    "Find redirects that lead to further redirects or loops. Stock Magento lists no redirects over its API, so "
	    "give URLs or SKUs to follow unless the shop has a module for it.",
	.tier = ACTION_SAFE,
	.flags = ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD,
	.scope = "seo:read",
	.params = &redirects_params,
	.result = &redirects_result,
	.run = redirects_run,
    },
};

const struct action_table action_seo_table = {rows, ARRAY_LEN(rows)};
