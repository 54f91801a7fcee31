/*
 * grammar.h - character classes of HTTP (RFC 9110 section 5.6.2, RFC 9112 section 3.2), private to http/
 */
#ifndef HTTP_GRAMMAR_H
#define HTTP_GRAMMAR_H

#include <stdbool.h>

#include "base/slice.h"

bool grammar_is_tchar(char c);
bool grammar_is_token(struct slice s);	 /* one or more tchar */
bool grammar_is_text(char c);		 /* may stand in a line: HTAB, SP, visible ASCII, 0x80-0xFF */
size_t grammar_text_run(struct slice s); /* how many of these stand in front */
bool grammar_is_target(struct slice s);	 /* origin-form: '/' and path and query characters, %XX whole */
bool grammar_is_host(struct slice s);	 /* name, IPv4 or [IPv6], with or without :port */

/*
 * Absolute-form (RFC 9112 section 3.2.2): http or https in any case, an authority that may be a Host, then a path, a
 * query, both or nothing.  *rest_r begins at the path or '?', or is empty.
 */
bool grammar_split_absolute(struct slice s, struct slice *authority_r, struct slice *rest_r);

#endif
