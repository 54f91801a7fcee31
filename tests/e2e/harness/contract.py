"""
What the contract promises of each tool, as far as a run of all tests can count it: CODES names the refusals of each tool
that must have been seen in both eras (success must have been seen anyway), and sample() makes a call that a fresh demo
store answers with success.
"""

BASE = {"VALIDATION_ERROR", "NOT_AUTHENTICATED"}
ASKS = BASE | {"MAGENTO_API_ERROR", "RATE_LIMITED", "FORBIDDEN"}
ONE = ASKS | {"NOT_FOUND"}
CHANGES = ONE | {"CONFIRMATION_REQUIRED"}
PREPARES = ONE | {"BULK_CAP_EXCEEDED"}
COMMITS = BASE | {"CONFIRMATION_REQUIRED", "PLAN_NOT_FOUND", "PLAN_EXPIRED", "IDEMPOTENCY_CONFLICT"}
PURGES = ASKS | {"CONFIRMATION_REQUIRED", "FASTLY_API_ERROR"}

CODES = {
    "auth_login": BASE | {"MAGENTO_API_ERROR", "RATE_LIMITED"},
    "auth_logout": BASE,
    "auth_whoami": BASE,
    "scope_list_websites_stores": ASKS,
    "scope_set_default": BASE | {"MAGENTO_API_ERROR", "RATE_LIMITED"},
    "catalog_search_products": ASKS,
    "catalog_get_product": ONE,
    "catalog_prepare_bulk_update": PREPARES,
    "catalog_commit_bulk_update": COMMITS | {"BULK_CAP_EXCEEDED"},
    "pricing_prepare_bulk_price_update": PREPARES,
    "pricing_commit_bulk_price_update": COMMITS,
    "promotions_prepare_cart_price_rule_create": ASKS,
    "promotions_commit_cart_price_rule_create": COMMITS | {"MAGENTO_API_ERROR", "RATE_LIMITED", "FORBIDDEN"},
    "promotions_search_rules": ASKS,
    "promotions_get_rule": ONE,
    "promotions_update_rule": CHANGES | {"IDEMPOTENCY_CONFLICT"},
    "promotions_enable_rule": CHANGES | {"IDEMPOTENCY_CONFLICT"},
    "promotions_disable_rule": ONE,
    "promotions_generate_coupons": CHANGES | {"IDEMPOTENCY_CONFLICT", "BULK_CAP_EXCEEDED"},
    "promotions_export_coupons": ONE,
    "cms_search_pages": ASKS,
    "cms_get_page": ONE,
    "cms_prepare_bulk_update_pages": PREPARES,
    "cms_commit_bulk_update_pages": COMMITS,
    "cms_search_blocks": ASKS,
    "cms_get_block": ONE,
    "cms_prepare_bulk_update_blocks": PREPARES,
    "cms_commit_bulk_update_blocks": COMMITS,
    "seo_prepare_bulk_update_url_keys": PREPARES,
    "seo_commit_bulk_update_url_keys": COMMITS,
    "seo_bulk_update_meta": PREPARES | {"CONFIRMATION_REQUIRED", "IDEMPOTENCY_CONFLICT"},
    "seo_report_redirect_chains": ASKS,
    "diagnostics_product_display_check": ASKS,
    "diagnostics_indexer_status_report": BASE | {"FORBIDDEN"},
    "diagnostics_inventory_salable_report": ONE,
    "cache_purge_by_url": PURGES - {"MAGENTO_API_ERROR", "FORBIDDEN"},
    "cache_purge_product": PURGES | {"NOT_FOUND"},
    "cache_purge_category": PURGES | {"NOT_FOUND"},
}

GLOBAL = {"scope": "global"}
OK = {"confirm": True, "reason": "test"}
TEN, NEWSLETTER, SUMMER = 1, 2, 3  # the rules of the demo store
SKUS = {"sku_list": ["MCP-001", "WS/12-SLASH"]}
RULE = {"name": "Spring", "website_ids": [1], "customer_group_ids": [0, 1], "simple_action": "by_percent",
        "discount_amount": 10}

PREPARE_OF = {
    "catalog_commit_bulk_update": "catalog_prepare_bulk_update",
    "pricing_commit_bulk_price_update": "pricing_prepare_bulk_price_update",
    "promotions_commit_cart_price_rule_create": "promotions_prepare_cart_price_rule_create",
    "cms_commit_bulk_update_pages": "cms_prepare_bulk_update_pages",
    "cms_commit_bulk_update_blocks": "cms_prepare_bulk_update_blocks",
    "seo_commit_bulk_update_url_keys": "seo_prepare_bulk_update_url_keys",
}

# What each tool is called with; a tool that is not named has no parameter that it needs.
PARAMS = {
    "auth_whoami": {"verify": True},
    "scope_set_default": {"store_view_code": "default"},
    "catalog_search_products": {"filters": {"sku": {"value": "MCP-0%", "condition": "like"}}, "page_size": 3},
    "catalog_get_product": {"sku": "MCP-001"},
    "catalog_prepare_bulk_update": {"match": SKUS, "updates": {"name": "New"}, "scope": GLOBAL},
    "pricing_prepare_bulk_price_update": {"match": SKUS, "price_updates": {"price": 12.5}, "scope": GLOBAL},
    "promotions_prepare_cart_price_rule_create": RULE,
    "promotions_get_rule": {"rule_id": TEN},
    "promotions_update_rule": {"rule_id": TEN, "patch": {"discount_amount": 11}, **OK},
    "promotions_enable_rule": {"rule_id": SUMMER, **OK},
    "promotions_disable_rule": {"rule_id": TEN},
    "promotions_generate_coupons": {"rule_id": SUMMER, "qty": 3, **OK},
    "promotions_export_coupons": {"rule_id": SUMMER},
    "cms_get_page": {"page_id": 2},
    "cms_prepare_bulk_update_pages": {"match": {"page_ids": [2]}, "updates": {"title": "New"}, "scope": GLOBAL},
    "cms_get_block": {"block_id": 1},
    "cms_prepare_bulk_update_blocks": {"match": {"block_ids": [1]}, "updates": {"title": "New"}, "scope": GLOBAL},
    "seo_prepare_bulk_update_url_keys": {"match": SKUS, "url_key_transform": {"prefix": "new-"}, "scope": GLOBAL},
    "seo_bulk_update_meta": {"match": SKUS, "meta_updates": {"meta_title": "New"}, "scope": GLOBAL, **OK},
    "seo_report_redirect_chains": {"skus": ["MCP-001"], "urls": ["/p-2.html"]},
    "diagnostics_product_display_check": {"sku": "MCP-001"},
    "diagnostics_inventory_salable_report": {"sku": "MCP-001"},
    "cache_purge_product": {"sku": "MCP-001", **OK},
    "cache_purge_category": {"category_id": 3, **OK},
}


def sample(client, tool):
    """Parameters for a call of the tool that succeeds; a commit's plan is prepared for it."""
    if tool in PREPARE_OF:
        return {"plan_id": client.ok(PREPARE_OF[tool], PARAMS[PREPARE_OF[tool]])["plan_id"], **OK}
    if tool == "cache_purge_by_url":
        return {"urls": [client.server.shop.url + "/p-3.html"], **OK}
    return dict(PARAMS.get(tool, {}))
