/*
 * limits.c - the defaults
 */
#include "http/limits.h"

void
http_limits_default(struct http_limits *limits)
{
	*limits = (struct http_limits){
	    .target_bytes = 8 * 1024,
	    .field_bytes = 8 * 1024,
	    .head_bytes = 32 * 1024,
	    .fields_max = 100,
	    .body_bytes = 4 * 1024 * 1024,
	    .chunk_extra_bytes = 4 * 1024,
	    .head_ms = 10 * 1000,
	    .body_ms = 120 * 1000,
	    .body_grace_ms = 10 * 1000,
	    .body_rate = 1024,
	    .write_ms = 30 * 1000,
	    .idle_ms = 75 * 1000,
	    .linger_ms = 2 * 1000,
	    .linger_bytes = 512 * 1024,
	    .pipeline_bytes = 64 * 1024,
	    .stream_buffer_bytes = 1024 * 1024,
	    .request_pool_bytes = 8 * 1024 * 1024,
	    .connections_max = 10000,
	    .accept_budget = 16,
	    .accept_pause_ms = 200,
	    .full_wait_ms = 5 * 1000,
	};
}
