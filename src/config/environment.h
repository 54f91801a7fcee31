/*
 * environment.h - settings from environment variables
 *
 *   MAGENTO_MCP_SECTION_KEY             MAGENTO_MCP_SERVER_WORKERS
 *   MAGENTO_MCP_STORE_NAME_KEY          MAGENTO_MCP_STORE_MAIN_BASE_URL; also _FILE behind the key of a secret
 *   the names that older set-ups use    MAGENTO_BASE_URL, MCP_MAX_COUPON_QTY, ...
 *
 * NAME is the name in upper case with _ for everything but letters and digits.  If no such section is there, a new one
 * is made, named in lower case.  The older names of store keys define the store "default", unless the file defines
 * stores. A variable that is set but empty counts as not set.  A variable of a known section with an unknown key is
 * refused; what else begins with MAGENTO_MCP_ is none of ours (container platforms put their own names there).
 */
#ifndef CONFIG_ENVIRONMENT_H
#define CONFIG_ENVIRONMENT_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "config/settings.h"

/* *ignored_r (may be NULL): true when older names of store keys were there and had to be left aside. */
int environment_read(struct settings *settings, char *const *environ, bool *ignored_r, struct err *err) MUST_CHECK;

/* Value of one variable, or NULL. */
const char *environment_get(char *const *environ, const char *name);

#endif
