#include <jansson.h>

#include "base/err.h"
#include "magento/criteria.h"
#include "magento/product.h"
#include "torture.h"

static int
build(void *ctx)
{
	static const char *const values[] = {"a", "b"};
	struct pool *pool = pool_new(256 * 1024);
	const struct magento_param *params;
	struct criteria c;
	const char *why;
	json_t *list = NULL;
	size_t n;
	int r, i;

	(void)ctx;
	if (pool == NULL)
		return ERR_NOMEM;
	list = json_pack("[i,s,b]", 5, "x", 1);
	criteria_init(&c, pool);
	criteria_filter(&c, "sku", "like", criteria_like_contains(pool, "50%"));
	criteria_where(&c, "sku", "in", criteria_join(pool, values, 2));
	if (list != NULL)
		criteria_where(&c, "status", "in", criteria_value(pool, list, &why));
	for (i = 0; i < 20; i++)
		criteria_where(&c, "name", "neq", "x");
	criteria_sort(&c, "entity_id", "ASC");
	criteria_page(&c, 100, 1);
	criteria_param(&c, "fields", product_projection(pool, product_summary_fields, product_n_summary_fields, false));
	r = criteria_finish(&c, &params, &n);
	json_decref(list);
	pool_free(&pool);
	return r;
}

int
main(void)
{
	json_set_alloc_funcs(torture_malloc, torture_free);
	torture("criteria", build, NULL);
	return torture_failures() >= 3 ? 0 : 1;
}
