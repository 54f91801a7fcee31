/*
 * exchange.h - signed HTTP requests of one client, side by side, repeated where that is safe
 *
 * Below the meaning of an answer: what comes out of here is an HTTP reply or the way there was none.
 */
#ifndef MAGENTO_EXCHANGE_H
#define MAGENTO_EXCHANGE_H

#include <stddef.h>

#include "base/compiler.h"
#include "magento/client.h"

struct exchange {
	const struct magento_request *request;
	struct fetch_reply reply; /* the last one */
	struct fetch_job *job;	  /* while under way */
	struct exchanges *all;
	unsigned attempts;
	uint32_t pause_ms; /* before the next attempt */
	bool is_over;
	bool is_ready;	 /* a reply has come and waits to be looked at */
	bool is_refused; /* could not even be sent: bad path, too long; see `failed` */
	int failed;	 /* enum err_code with is_refused */
};

void exchange_init(struct exchange *exchange, const struct magento_request *request);
void exchange_fini(struct exchange *exchange);

/* Runs all to their end, client->limits.parallel at a time, in order.  0, ERR_CANCELLED (all stopped) or ERR_NOMEM. */
int exchange_run(struct magento_client *client, struct exchange *exchanges, size_t n) MUST_CHECK;

/* "GET /rest/all/V1/..." in the client's pool, for those who are told of a failure; NULL without memory. */
const char *exchange_route(const struct magento_client *client, const struct exchange *exchange);

/*
 * Time for one attempt that begins in pause_ms: own_ms, or what is left of the call; 0: nothing that is worth an
 * attempt.
 */
uint32_t exchange_attempt_ms(const struct magento_limits *limits, uint32_t own_ms, uint32_t pause_ms);

#endif
