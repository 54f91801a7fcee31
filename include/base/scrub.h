/*
 * scrub.h - realloc() and free() that overwrite what they let go of
 *
 * Secrets pass through libraries: a request's bytes lie in libevent's buffers, its words in jansson's strings, what
 * goes to a shop in curl's.  Those libraries take functions for their memory; given these, nothing that they have let
 * go of can be read in this process any more.  Blocks come from malloc(3) and calloc(3).
 */
#ifndef BASE_SCRUB_H
#define BASE_SCRUB_H

#include <stddef.h>

void *scrub_realloc(void *ptr, size_t size); /* a block that moves leaves nothing behind */
void scrub_free(void *ptr);

#endif
