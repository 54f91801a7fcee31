/*
 * scrub.c - overwriting what is freed
 */
#include "base/scrub.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* realloc() may free the old place, so it is never asked to move anything. */
void *
scrub_realloc(void *ptr, size_t size)
{
	size_t had = malloc_usable_size(ptr);
	void *fresh;

	if (ptr != NULL && size > 0 && size <= had && size >= had / 2)
		return ptr;
	fresh = malloc(size);
	if (fresh == NULL)
		return NULL;
	if (ptr != NULL)
		memcpy(fresh, ptr, size < had ? size : had);
	scrub_free(ptr);
	return fresh;
}

void
scrub_free(void *ptr)
{
	if (ptr == NULL)
		return;
	explicit_bzero(ptr, malloc_usable_size(ptr));
	free(ptr);
}
