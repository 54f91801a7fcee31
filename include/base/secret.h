/*
 * secret.h - passwords, tokens and keys
 *
 * A struct secret has no formatter and no JSON form, so it cannot reach a log by accident.  It is compared in constant
 * time and wiped by secret_wipe().  The storage is the caller's; copying the struct copies the secret.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

#define SECRET_MAX 511

struct secret {
	uint16_t len;
	char bytes[SECRET_MAX + 1]; /* NUL-terminated */
};

int secret_set(struct secret *s, struct slice value) MUST_CHECK; /* ERR_LIMIT when longer than SECRET_MAX */
void secret_wipe(struct secret *s);
bool secret_is_set(const struct secret *s);
struct slice secret_slice(const struct secret *s); /* for the one place that must use it: signing, sending, sealing */

bool secret_eq(struct slice a, struct slice b); /* constant time in the length of the longer one */
void secret_wipe_bytes(void *ptr, size_t len);	/* explicit_bzero */

#endif
