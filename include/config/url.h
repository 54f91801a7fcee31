/*
 * url.h - base URLs of stores in one normal form, so that they can be compared byte for byte
 *
 * The form: lower-case scheme (http or https) and host, no default port, no trailing slash, no empty, `.` or `..` path
 * segment.  Userinfo, query, fragment, backslash, space, control characters and anything outside ASCII are refused
 * (write international names in their xn-- form).  Pure; runs anywhere.
 */
#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"
#include "config/config.h"

/* ERR_INVALID, ERR_LIMIT (longer than CONFIG_URL_MAX); the text says what is wrong and does not repeat the URL. */
int config_url_normalise(struct slice url, char out_r[static CONFIG_URL_MAX + 1], struct err *err) MUST_CHECK;

/* Both normalised: same scheme, host and port, and the path of `url` equals that of `base` or lies below it. */
bool config_url_covers(const char *base, const char *url);

#endif
