/*
 * rules.h - what has to hold between keys
 *
 * Each key by itself was checked when it was read.  Here: authentication against listen addresses, complete sets of
 * credentials, names that refer to sections, lengths of derived paths.  The text of a refusal names the place to mend.
 */
#ifndef CONFIG_RULES_H
#define CONFIG_RULES_H

#include "base/compiler.h"
#include "base/err.h"
#include "config/config.h"
#include "config/settings.h"

int rules_check(const struct config *cfg, const struct settings *settings, struct err *err) MUST_CHECK;

/* For who opens them: paths of sockets are short. */
int rules_check_sockets(const struct config *cfg, const struct settings *settings, struct err *err) MUST_CHECK;

#endif
