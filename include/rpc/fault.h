/*
 * fault.h - JSON-RPC error codes, and an error about to be answered
 */
#ifndef RPC_FAULT_H
#define RPC_FAULT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/compiler.h"

enum rpc_code {
	RPC_PARSE_ERROR = -32700,      /* not JSON, not UTF-8, too deep or too large */
	RPC_INVALID_REQUEST = -32600,  /* JSON, but not a JSON-RPC message */
	RPC_METHOD_NOT_FOUND = -32601, /* unknown method, capability not advertised */
	RPC_INVALID_PARAMS = -32602,   /* broken envelope, or bad parameters */
	RPC_INTERNAL_ERROR = -32603,
	RPC_HEADER_MISMATCH = -32020,	 /* modern: header missing, malformed, or not what the body says */
	RPC_CAPABILITY_MISSING = -32021, /* modern: data.requiredCapabilities */
	RPC_VERSION_NOT_SERVED = -32022, /* modern: data.supported, data.requested */
	RPC_RESOURCE_NOT_FOUND = -32002, /* legacy only */
	RPC_URL_ELICITATION = -32042,	 /* 2025-11-25 only */
	RPC_FORBIDDEN = 403,		 /* our own, with HTTP 403: the access token lacks a scope */
	RPC_TOO_MANY = 429		 /* our own, with HTTP 429: a limit of the caller or his address */
};

enum rpc_era { RPC_ERA_MODERN, RPC_ERA_LEGACY };

#define RPC_FAULT_MESSAGE_MAX 256

struct rpc_fault {
	int code;      /* enum rpc_code or a code of our own; 0 = none */
	bool envelope; /* the message itself is broken, not what a method was given: tells the two -32602 apart */
	char message[RPC_FAULT_MESSAGE_MAX];
	json_t *data; /* owned; NULL for none */
};

void rpc_fault_init(struct rpc_fault *f);
void rpc_fault_fini(struct rpc_fault *f);

/* Both replace what is there; `data` is taken (may be NULL).  They give -1, so that `return rpc_fault_set(...)` reads
 * well. */
int rpc_fault_set(struct rpc_fault *f, int code, json_t *data, const char *fmt, ...) PRINTF_LIKE(4, 5);
int rpc_fault_set_envelope(struct rpc_fault *f, int code, json_t *data, const char *fmt, ...) PRINTF_LIKE(4, 5);

/*
 * The HTTP status an error goes with.  `envelope` matters to -32602 of the modern era only.  Codes an era never sends
 * map to the status of their meaning all the same; codes of our own to 200.
 */
int rpc_http_status(int code, bool envelope, enum rpc_era era);

#endif
