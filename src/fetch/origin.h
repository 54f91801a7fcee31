/*
 * origin.h - the upstreams that requests go to, each with the number of its requests under way
 */
#ifndef FETCH_ORIGIN_H
#define FETCH_ORIGIN_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/slice.h"

struct origin {
	LIST_ENTRY(origin) link;
	uint32_t jobs;	  /* that refer to it */
	uint32_t running; /* of those: handed to curl */
	struct slice key; /* "http://host:port", points behind the struct; a NUL follows */
};

LIST_HEAD(origin_list, origin);

/* The origin of a URL, made if need be; counts one more job.  NULL: no memory. */
struct origin *origin_take(struct origin_list *list, const char *url);
void origin_give_back(struct origin **origin); /* frees it with its last job */

#endif
