#include "coupon_list.h"

#include <stdlib.h>
#include <string.h>

#include "json/get.h"
#include "page_limit.h"
#include "magento/criteria.h"
#include "rule_desk.h"

static int
read_once(const struct coupon_list *list, uint32_t size, json_t **items_r, int64_t *left_r, struct fault *fault)
{
	struct pool *pool = list->sc->call->pool;
	struct criteria criteria;

	criteria_init(&criteria, pool);
	criteria_where(&criteria, "rule_id", "eq", pool_printf(pool, "%lld", (long long)list->rule_id));
	criteria_where(&criteria, "coupon_id", "gt", pool_printf(pool, "%lld", (long long)list->after));
	criteria_sort(&criteria, "coupon_id", "ASC");
	criteria_page(&criteria, size, 1);
	criteria_param(&criteria, "fields", pool_printf(pool, "items[%s],total_count", list->fields));
	return rule_list(list->sc, "/coupons/search", &criteria, items_r, left_r, fault);
}

int
coupon_list_next(struct coupon_list *list, uint32_t max, json_t **items_r, int64_t *left_r, struct fault *fault)
{
	uint32_t size = max < list->size ? max : list->size;
	size_t n;

	if (read_once(list, size, items_r, left_r, fault) < 0) {
		uint32_t allowed = page_limit(fault, list->size);

		if (allowed == 0)
			return -1;
		list->size = allowed;
		fault_fini(fault);
		fault_init(fault);
		if (read_once(list, size < allowed ? size : allowed, items_r, left_r, fault) < 0)
			return -1;
	}
	n = json_array_size(*items_r);
	if (n > 0)
		list->after = json_get_int(json_array_get(*items_r, n - 1), "coupon_id", list->after);
	return 0;
}
