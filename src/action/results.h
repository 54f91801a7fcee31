/*
 * results.h - small pieces of results (private to action/)
 */
#ifndef ACTION_RESULTS_H
#define ACTION_RESULTS_H

#include <jansson.h>
#include <stdint.h>

#include "base/compiler.h"
#include "json/fault.h"
#include "json/write.h"
#include "session/login.h"

COLD int result_out_of_memory(struct fault *fault); /* INTERNAL_ERROR; gives -1 */

/* "2026-11-22T10:16:57Z" as a member.  0, or -1 without memory. */
int result_set_time(json_t *object, const char *key, uint64_t wall_ms);

/* The session's default scope as a Scope object, or null.  A new reference. */
json_t *result_default_scope(const struct login_scope *scope);

/* Both into a result that is text. */
void result_write_time(struct json_writer *w, const char *key, uint64_t wall_ms);
void result_write_default_scope(struct json_writer *w, const struct login_scope *scope);

/*
 * Text from the shop is data: control characters other than newline and tab are taken out of every string of a tree, in
 * place.  -1 without memory.
 */
int result_clean(json_t *tree);

#endif
