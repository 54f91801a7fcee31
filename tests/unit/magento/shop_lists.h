/*
 * shop_lists.h - the lists of a shop with two websites, as Magento gives them: unordered, with the admin rows
 */
#ifndef TESTS_SHOP_LISTS_H
#define TESTS_SHOP_LISTS_H

#define SHOP_WEBSITES                                                                                                  \
	"[{\"id\":2,\"code\":\"eu\",\"name\":\"EU\",\"default_group_id\":2},{\"id\":0,\"code\":\"admin\",\"name\":"    \
	"\"Admin\","                                                                                                   \
	"\"default_group_id\":0},{\"id\":1,\"code\":\"base\",\"name\":\"Main\",\"default_group_id\":1},"               \
	"{\"id\":3,\"code\":\"empty\",\"name\":\"Empty\",\"default_group_id\":0}]"
#define SHOP_GROUPS                                                                                                    \
	"[{\"id\":0,\"website_id\":0,\"root_category_id\":0,\"default_store_id\":0,\"name\":\"Default\",\"code\":"     \
	"\"default\"},"                                                                                                \
	"{\"id\":1,\"website_id\":1,\"root_category_id\":2,\"default_store_id\":1,\"name\":\"Main\",\"code\":\"main_"  \
	"store\"},"                                                                                                    \
	"{\"id\":2,\"website_id\":2,\"root_category_id\":2,\"default_store_id\":9,\"name\":\"EU\",\"code\":\"eu_"      \
	"group\"},"                                                                                                    \
	"{\"id\":4,\"website_id\":1,\"root_category_id\":2,\"default_store_id\":5,\"name\":\"Outlet\",\"code\":"       \
	"\"outlet\"}]"
#define SHOP_VIEWS                                                                                                     \
	"[{\"id\":3,\"code\":\"eu_en\",\"name\":\"EU "                                                                 \
	"English\",\"website_id\":2,\"store_group_id\":2,\"is_active\":1},"                                            \
	"{\"id\":1,\"code\":\"default\",\"name\":\"Default\",\"website_id\":1,\"store_group_id\":1,\"is_active\":1},"  \
	"{\"id\":0,\"code\":\"admin\",\"name\":\"Admin\",\"website_id\":0,\"store_group_id\":0,\"is_active\":1},"      \
	"{\"id\":2,\"code\":\"de\",\"name\":\"German\",\"website_id\":1,\"store_group_id\":1,\"is_active\":1},"        \
	"{\"id\":5,\"code\":\"outlet_old\",\"name\":\"Outlet\",\"website_id\":1,\"store_group_id\":4,\"is_active\":0}" \
	","                                                                                                            \
	"{\"id\":7,\"code\":\"../x\",\"name\":\"Bad\",\"website_id\":1,\"store_group_id\":1,\"is_active\":1}]"
#define SHOP_CONFIGS                                                                                                   \
	"[{\"id\":2,\"code\":\"de\",\"website_id\":1,\"base_currency_code\":\"EUR\"},"                                 \
	"{\"id\":1,\"code\":\"default\",\"website_id\":1,\"base_currency_code\":\"USD\"}]"

#endif
