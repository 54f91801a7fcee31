/*
 * scrub.h - realloc() and free() that overwrite what they let go of, and a calloc() to go with them
 *
 * Secrets pass through libraries: a request's bytes lie in libevent's buffers, its words in jansson's strings, what
 * goes to a shop in curl's.  Those libraries take functions for their memory; given these, nothing that they have let
 * go of can be read in this process any more.  Blocks come from malloc(3), calloc(3) or scrub_calloc().
 */
#ifndef BASE_SCRUB_H
#define BASE_SCRUB_H

#include <stddef.h>

void *scrub_realloc(void *ptr, size_t size); /* a block that moves leaves nothing behind */
void scrub_free(void *ptr);

/* Takes what was just given back, as malloc() does; the C library's calloc() passes it by, and searches. */
void *scrub_calloc(size_t n, size_t size);

#endif
