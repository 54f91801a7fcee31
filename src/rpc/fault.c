/*
 * fault.c - JSON-RPC errors and the HTTP status they go with
 */
#include "rpc/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

void
rpc_fault_init(struct rpc_fault *f)
{
	f->code = 0;
	f->data = NULL;
	f->envelope = false;
	f->message[0] = '\0';
}

void
rpc_fault_fini(struct rpc_fault *f)
{
	json_decref(f->data);
	rpc_fault_init(f);
}

static void PRINTF_LIKE(4, 0) set(struct rpc_fault *f, int code, json_t *data, const char *fmt, va_list ap)
{
	char message[RPC_FAULT_MESSAGE_MAX]; /* the arguments may be the message that is there */

	message[0] = '\0';
	vsnprintf(message, sizeof(message), fmt, ap);
	json_decref(f->data);
	f->code = code;
	f->data = data;
	f->envelope = false;
	memcpy(f->message, message, sizeof(message));
}

int
rpc_fault_set(struct rpc_fault *f, int code, json_t *data, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(f, code, data, fmt, ap);
	va_end(ap);
	return -1;
}

int
rpc_fault_set_envelope(struct rpc_fault *f, int code, json_t *data, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(f, code, data, fmt, ap);
	va_end(ap);
	f->envelope = true;
	return -1;
}

int
rpc_http_status(int code, bool envelope, enum rpc_era era)
{
	switch (code) {
	case RPC_PARSE_ERROR:
	case RPC_INVALID_REQUEST:
	case RPC_HEADER_MISMATCH:
	case RPC_CAPABILITY_MISSING:
	case RPC_VERSION_NOT_SERVED:
		return 400;
	case RPC_METHOD_NOT_FOUND:
		return era == RPC_ERA_MODERN ? 404 : 200;
	case RPC_INVALID_PARAMS:
		return era == RPC_ERA_MODERN && envelope ? 400 : 200;
	default:
		return 200;
	}
}
