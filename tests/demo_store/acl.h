/*
 * Who may call the demo store, and what they may do there.
 *
 * Integrations (OAuth 1.0a, each value 32 characters):
 *   full:    key dummyconsumerkey0000000000000000     secret dummyconsumersecret0000000000000
 *            token dummyaccesstoken0000000000000000   secret dummytokensecret0000000000000000
 *   limited: key limitedconsumerkey00000000000000     secret limitedconsumersecret00000000000
 *            token limitedaccesstoken00000000000000   secret limitedtokensecret00000000000000
 *   reader:  key readerconsumerkey000000000000000     secret readerconsumersecret000000000000
 *            token readeraccesstoken000000000000000   secret readertokensecret000000000000000
 * Administrators, all with the password Dummy123pass:
 *   admin    every right
 *   limited  Magento_Catalog::products only, like the limited integration
 *   reader   stores, products, categories, attributes, customer groups and CMS pages, but no Magento_Cms::save, no
 *            Magento_Cms::block, no Magento_SalesRule::quote, no bulk prices and no inventory, like that integration
 *   tfauser  every right, but needs the one-time password 123456 of the provider "google"
 */
#ifndef DEMO_ACL_H
#define DEMO_ACL_H

#include <stdbool.h>
#include <stddef.h>

/* A set of rights; resources ends with NULL, and no list at all means every right. */
struct role {
	const char *name;
	const char *const *resources;
};

struct integration {
	int consumer_id;
	const char *consumer_key;
	const char *consumer_secret;
	const char *token;
	const char *token_secret;
	const struct role *role;
};

struct admin {
	int id;
	const char *username;
	const char *password;
	bool two_factor;
	const struct role *role;
};

#define ACL_OTP "123456"

/* Without it products are shown without their stock item. */
#define ACL_INVENTORY "Magento_CatalogInventory::cataloginventory"

enum { ACL_ADMIN_COUNT = 4 };

extern const struct admin acl_admins[ACL_ADMIN_COUNT];

const struct integration *acl_find_consumer(const char *consumer_key);
const struct integration *acl_find_token(const char *token);
const struct admin *acl_find_admin(const char *username);
const struct admin *acl_find_admin_id(long long id);

/* True if the role holds the resource. */
bool acl_allows(const struct role *role, const char *resource);

#endif
