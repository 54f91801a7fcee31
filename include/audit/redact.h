/*
 * redact.h - a copy of a call's parameters that may be kept
 *
 * Taken out, at every depth and by name: credentials (password, otp, session, oauth_*, anything with secret, token or
 * credential in its name ...) become "[secret]"; personal data (email, telephone, street, postcode, names of people
 * ...) become "[personal]".  Letter case, '-' and '_' in names do not matter.  Pairs in Magento's way,
 * {"attribute_code":"email", "value":...} and {"field":"email","value":...}, are judged by the name they carry.  A user
 * name and password inside a URL are taken out of any text.
 *
 * Texts over REDACT_TEXT_MAX characters are cut ("...[1234 bytes more]"), and so is what passes max_bytes: the
 * containers it happens in end with the mark "[12 more]", an object under the name "...".  Pure; the work is bounded by
 * max_bytes.
 */
#ifndef AUDIT_REDACT_H
#define AUDIT_REDACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

#define REDACT_TEXT_MAX 500
#define REDACT_DEPTH_MAX 32 /* deeper containers become "[deeper]" */

/*
 * Text that looks like a JSON object or a list of them could hold anything and becomes "[text]"; so does a value that
 * is no object or array but a text.  A member whose own name is "..." is counted among what is left out.
 *
 * Appends the copy as compact JSON; `value` is only read.  It has at most max_bytes, plus the marks (at most 40 bytes
 * for each open container).  ERR_NOMEM, or what the buffer says; then the buffer ends as before.
 */
int redact_put(struct buf *out, const json_t *value, size_t max_bytes) MUST_CHECK;

enum redact_kind { REDACT_NOTHING, REDACT_SECRET, REDACT_PERSONAL };

/* What the name of a member says about its value. */
enum redact_kind redact_name(const char *name);

#endif
