/*
 * fault.c - refusals as an MCP client sees them
 */
#include "json/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "json/text.h"

static const char *const names[FAULT_CODES] = {
    [FAULT_NONE] = "NONE",
    [FAULT_VALIDATION_ERROR] = "VALIDATION_ERROR",
    [FAULT_NOT_AUTHENTICATED] = "NOT_AUTHENTICATED",
    [FAULT_FORBIDDEN] = "FORBIDDEN",
    [FAULT_NOT_FOUND] = "NOT_FOUND",
    [FAULT_MAGENTO_API_ERROR] = "MAGENTO_API_ERROR",
    [FAULT_PLAN_NOT_FOUND] = "PLAN_NOT_FOUND",
    [FAULT_PLAN_EXPIRED] = "PLAN_EXPIRED",
    [FAULT_CONFIRMATION_REQUIRED] = "CONFIRMATION_REQUIRED",
    [FAULT_BULK_CAP_EXCEEDED] = "BULK_CAP_EXCEEDED",
    [FAULT_RATE_LIMITED] = "RATE_LIMITED",
    [FAULT_IDEMPOTENCY_CONFLICT] = "IDEMPOTENCY_CONFLICT",
    [FAULT_FASTLY_API_ERROR] = "FASTLY_API_ERROR",
    [FAULT_INTERNAL_ERROR] = "INTERNAL_ERROR",
    [FAULT_ACTION_NOT_FOUND] = "ACTION_NOT_FOUND",
    [FAULT_CANCELLED] = "CANCELLED",
    [FAULT_INPUT_REQUIRED] = "INPUT_REQUIRED",
    [FAULT_CAPABILITY_MISSING] = "CAPABILITY_MISSING",
};

void
fault_init(struct fault *f)
{
	f->code = FAULT_NONE;
	f->message[0] = '\0';
	f->details = NULL;
}

void
fault_fini(struct fault *f)
{
	json_decref(f->details);
	if (f->code != FAULT_NONE)
		memset(f->message, 0, sizeof(f->message));
	fault_init(f);
}

int
fault_set(struct fault *f, enum fault_code code, json_t *details, const char *fmt, ...)
{
	char message[FAULT_MESSAGE_MAX]; /* the arguments may be the message that is there */
	va_list ap;

	va_start(ap, fmt);
	json_text_format(message, sizeof(message), fmt, ap);
	va_end(ap);
	json_decref(f->details);
	f->code = code;
	f->details = details;
	memcpy(f->message, message, sizeof(message));
	return -1;
}

void
fault_move(struct fault *to, struct fault *from)
{
	if (to == from)
		return;
	fault_fini(to);
	*to = *from;
	fault_init(from);
}

const char *
fault_code_name(enum fault_code code)
{
	must((unsigned)code < FAULT_CODES);
	return names[code];
}

json_t *
fault_to_json(const struct fault *f)
{
	json_t *error = json_object(), *root = json_object();
	int r = 0;

	r |= json_object_set_new(error, "code", json_string(fault_code_name(f->code)));
	r |= json_object_set_new(error, "message", json_string(f->message));
	if (f->details != NULL)
		r |= json_object_set(error, "details", f->details);
	r |= json_object_set_new(root, "error", error); /* takes error, also when it fails */
	if (r == 0)
		return root;
	json_decref(root);
	return NULL;
}
