/*
 * outcome.h - filling struct cdn_result (private to cdn/)
 */
#ifndef CDN_OUTCOME_H
#define CDN_OUTCOME_H

#include "base/compiler.h"
#include "cdn/cdn.h"
#include "fetch/fetch.h"

#define OUTCOME_REPLY_MAX (64 * 1024) /* answers of caches are short */

void outcome_init(struct cdn_result *result); /* ok, nothing happened yet */

/* Not ok, with this status and text. */
void outcome_fail(struct cdn_result *result, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Not ok for a reply that is not FETCH_OK; `who` begins the sentence: "Fastly". */
void outcome_transport(struct cdn_result *result, const struct fetch_reply *reply, const char *who);

#endif
