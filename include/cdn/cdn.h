/*
 * cdn.h - what came of asking one cache to forget something
 */
#ifndef CDN_CDN_H
#define CDN_CDN_H

#include <stdbool.h>
#include <stdint.h>

#define CDN_ERROR_MAX 256
#define CDN_PURGE_ID_MAX 64

struct cdn_result {
	bool ok;
	int status;	       /* of the answer that counts: the failed one, else the last; 0 when there was none */
	int64_t retry_after_s; /* with status 429; -1: not said */
	char purge_id[CDN_PURGE_ID_MAX + 1]; /* Fastly's, "" when not said */
	char error[CDN_ERROR_MAX];	     /* one or two sentences safe to show; "" when ok */
};

#endif
