#include "demo.h"

#include <string.h>
#include <time.h>

static void
drop_data(struct demo *demo)
{
	catalog_free(&demo->catalog);
	categories_fini(&demo->categories);
	promotions_fini(&demo->promotions);
	cms_fini(&demo->cms);
	inventory_fini(&demo->inventory);
	table_fini(&demo->redirects);
	writes_fini(&demo->writes);
	nonces_fini(&demo->nonces);
	faults_clear(&demo->faults);
	reqlog_clear(&demo->log);
}

int
demo_reset(struct demo *demo, bool bare)
{
	drop_data(demo);
	demo->settings = demo->initial;
	attributes_set_website_prices(demo->settings.website_prices);
	tokens_forget_failures(&demo->tokens);
	demo->catalog = catalog_new();
	if (demo->catalog == NULL || seed_fill(demo->catalog, demo->settings.products) < 0)
		return -1;
	if (categories_init(&demo->categories, bare) < 0 || promotions_init(&demo->promotions) < 0 ||
	    cms_init(&demo->cms) < 0 || inventory_init(&demo->inventory) < 0 ||
	    table_init(&demo->redirects, "url_rewrite_id") < 0 || writes_init(&demo->writes) < 0)
		return -1;
	if (!bare) {
		promotions_seed(&demo->promotions);
		cms_seed(&demo->cms);
	}
	return nonces_init(&demo->nonces);
}

int
demo_init(struct demo *demo, const struct settings *initial)
{
	memset(demo, 0, sizeof(*demo));
	demo->initial = *initial;
	if (tokens_init(&demo->tokens) < 0)
		return -1;
	return demo_reset(demo, false);
}

void
demo_fini(struct demo *demo)
{
	drop_data(demo);
}

long long
demo_now_s(const struct demo *demo)
{
	return (long long)time(NULL) + demo->settings.clock_skew_s;
}
