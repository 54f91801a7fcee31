/*
 * outcome.c - one text for each way of not reaching a cache
 */
#include "outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
outcome_init(struct cdn_result *result)
{
	memset(result, 0, sizeof(*result));
	result->ok = true;
	result->retry_after_s = -1;
}

void
outcome_fail(struct cdn_result *result, int status, const char *fmt, ...)
{
	va_list ap;

	result->ok = false;
	result->status = status;
	va_start(ap, fmt);
	vsnprintf(result->error, sizeof(result->error), fmt, ap);
	va_end(ap);
}

void
outcome_transport(struct cdn_result *result, const struct fetch_reply *reply, const char *who)
{
	switch (reply->outcome) {
	case FETCH_RESOLVE:
		outcome_fail(result, 0, "%s: the host name cannot be resolved. Check the configuration.", who);
		break;
	case FETCH_CONNECT:
		outcome_fail(result, 0, "%s cannot be reached. Nothing was purged there.", who);
		break;
	case FETCH_TLS:
		outcome_fail(result, 0, "%s: the certificate or TLS handshake failed. Nothing was purged there.", who);
		break;
	case FETCH_TIMEOUT:
		outcome_fail(result, 0,
			     "%s did not answer in time. It may have purged all the same; purging again does no harm.",
			     who);
		break;
	default:
		outcome_fail(result, 0,
			     "%s gave no usable answer. It may have purged all the same; purging again does no harm.",
			     who);
	}
}
