/*
 * origin.h - the upstreams that requests go to, each with the number of its requests under way
 */
#ifndef FETCH_ORIGIN_H
#define FETCH_ORIGIN_H

#include <curl/curl.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/compiler.h"
#include "base/slice.h"

struct origin {
	LIST_ENTRY(origin) link;
	uint32_t users;	  /* jobs and handles that refer to it */
	uint32_t running; /* jobs handed to curl */
	CURLU *url;	  /* the same as `key`: curl copies it, rather than take a URL apart for each request */
	struct slice key; /* "http://host:port", points behind the struct; a NUL follows */
};

LIST_HEAD(origin_list, origin);

/*
 * The origin of a URL, made if need be; counts one more user.  ERR_INVALID: not a URL of visible ASCII with http or
 * https, too long, or with a user's name; ERR_NOMEM.
 */
int origin_take(struct origin_list *list, const char *url, struct origin **origin_r) MUST_CHECK;
struct origin *origin_share(struct origin *origin); /* one more user */
void origin_give_back(struct origin **origin);	    /* frees it with its last user */

#endif
