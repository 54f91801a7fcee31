/*
 * limits.h - every bound of the HTTP server in one struct, filled from the configuration
 *
 * Sizes are bytes, times are milliseconds.  One struct serves all connections of a server and does not change while it
 * lives (a reload starts new workers).  Runs in: worker.
 */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct http_limits {
	/* The request head: over target_bytes is 414, over the others 431. */
	size_t target_bytes; /* the request target */
	size_t field_bytes;  /* one field line, its CRLF not counted */
	size_t head_bytes;   /* request line and fields together */
	uint32_t fields_max;

	/* The body: over body_bytes (decoded) is 413. */
	size_t body_bytes;
	size_t chunk_extra_bytes; /* chunk extensions and trailers of one body together; over it is 400 */

	/* Deadlines. */
	uint32_t head_ms;	/* from the first byte of a head to its end, else 408 */
	uint32_t body_ms;	/* from the end of the head to the end of the body, else 408 */
	uint32_t body_grace_ms; /* for so long the rate below is not asked for */
	uint32_t body_rate;	/* then the body must have come at this many bytes per second on average, else 408 */
	uint32_t write_ms;	/* the client takes nothing of a waiting answer for so long: cut */
	uint32_t idle_ms;	/* no request on an open connection for so long: closed without a word */
	uint32_t linger_ms;	/* how long the rest of a refused request is read and thrown away */
	size_t linger_bytes;	/* ... and how much of it */

	/* Memory of one connection. */
	size_t pipeline_bytes;	    /* read ahead while a request is handled; then reading stops */
	size_t stream_buffer_bytes; /* queued for a slow reader of a stream; over it the connection is cut */
	size_t request_pool_bytes;  /* most a request's pool may hold (head, and what the application puts there) */

	/* Accepting. */
	uint32_t connections_max; /* the listener stops here and goes on at 90 % */
	uint32_t accept_budget;	  /* connections accepted per wake-up */
	uint32_t accept_pause_ms; /* rest after the process ran out of descriptors */
	uint32_t full_wait_ms;	  /* after so long at connections_max, and as often, who waits is told 503 */
};

/* The values that are documented in the configuration's key table. */
void http_limits_default(struct http_limits *limits);

#endif
