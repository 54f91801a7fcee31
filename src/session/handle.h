/*
 * handle.h - small helpers of the session modules; private to session
 */
#ifndef SESSION_HANDLE_H
#define SESSION_HANDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"
#include "session/sessions.h"
#include "shm/table.h"

static inline bool
handle_principal_is_good(struct slice principal)
{
	return principal.len > 0 && principal.len <= SESSION_PRINCIPAL_MAX;
}

/* The form of what rand_token() makes: anything else cannot be ours and need not be hashed. */
static inline bool
handle_is_good(struct slice handle)
{
	static const uint8_t letters[256] = {
	    ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['-'] = 1, ['_'] = 1};
	uint8_t all = 1;

	if (handle.len != SESSION_HANDLE_LEN)
		return false;
	for (size_t i = 0; i < SESSION_HANDLE_LEN; i++)
		all &= letters[(unsigned char)handle.ptr[i]];
	return all != 0;
}

/*
 * An idle clock is moved on when it is behind by more than a thousandth of what it measures: callers need not write to
 * the table with each of their calls.
 */
static inline bool
handle_is_to_touch(const struct table_record *rec, struct session_now now)
{
	return now.mono_ms > rec->seen_ms && now.mono_ms - rec->seen_ms > rec->idle_ms / 1024;
}

/* Owner of the records about addresses and callers, so that they can be counted; no principal's name begins so. */
#define SHARES_OWNER SLICE_LIT("\nshares")

/* What a sealed text is bound to: the record it stands in. */
struct handle_binding {
	uint64_t kind;
	struct table_id id;
};

static inline struct slice
handle_binding_slice(const struct handle_binding *binding)
{
	return slice_of((const char *)binding, sizeof(*binding));
}

#endif
