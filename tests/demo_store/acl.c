#include "acl.h"

#include <string.h>

static const char *const limited_resources[] = {"Magento_Catalog::products", NULL};
static const char *const reader_resources[] = {"Magento_Backend::store",
					       "Magento_Backend::admin",
					       "Magento_Catalog::products",
					       "Magento_Catalog::categories",
					       "Magento_Catalog::attributes_attributes",
					       "Magento_Cms::page",
					       "Magento_Customer::group",
					       NULL};
static const struct role full_role = {"full", NULL};
static const struct role limited_role = {"limited", limited_resources};
static const struct role reader_role = {"reader", reader_resources};

static const struct integration integrations[] = {
    {1, "dummyconsumerkey0000000000000000", "dummyconsumersecret0000000000000", "dummyaccesstoken0000000000000000",
     "dummytokensecret0000000000000000", &full_role},
    {2, "limitedconsumerkey00000000000000", "limitedconsumersecret00000000000", "limitedaccesstoken00000000000000",
     "limitedtokensecret00000000000000", &limited_role},
    {3, "readerconsumerkey000000000000000", "readerconsumersecret000000000000", "readeraccesstoken000000000000000",
     "readertokensecret000000000000000", &reader_role},
};

const struct admin acl_admins[ACL_ADMIN_COUNT] = {
    {1, "admin", "Dummy123pass", false, &full_role},
    {2, "limited", "Dummy123pass", false, &limited_role},
    {3, "tfauser", "Dummy123pass", true, &full_role},
    {4, "reader", "Dummy123pass", false, &reader_role},
};

enum { INTEGRATION_COUNT = sizeof(integrations) / sizeof(integrations[0]) };

const struct integration *
acl_find_consumer(const char *consumer_key)
{
	for (size_t i = 0; i < INTEGRATION_COUNT; i++) {
		if (strcmp(integrations[i].consumer_key, consumer_key) == 0)
			return &integrations[i];
	}
	return NULL;
}

const struct integration *
acl_find_token(const char *token)
{
	for (size_t i = 0; i < INTEGRATION_COUNT; i++) {
		if (strcmp(integrations[i].token, token) == 0)
			return &integrations[i];
	}
	return NULL;
}

const struct admin *
acl_find_admin(const char *username)
{
	for (size_t i = 0; i < ACL_ADMIN_COUNT; i++) {
		if (strcmp(acl_admins[i].username, username) == 0)
			return &acl_admins[i];
	}
	return NULL;
}

const struct admin *
acl_find_admin_id(long long id)
{
	for (size_t i = 0; i < ACL_ADMIN_COUNT; i++) {
		if (acl_admins[i].id == id)
			return &acl_admins[i];
	}
	return NULL;
}

bool
acl_allows(const struct role *role, const char *resource)
{
	if (role == NULL)
		return false;
	if (role->resources == NULL)
		return true;
	for (const char *const *r = role->resources; *r != NULL; r++) {
		if (strcmp(*r, resource) == 0)
			return true;
	}
	return false;
}
