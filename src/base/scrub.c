/*
 * scrub.c - overwriting what is freed
 */
#include "base/scrub.h"

#include <errno.h>
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

void *
scrub_calloc(size_t n, size_t size)
{
	size_t bytes;
	void *ptr;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	ptr = malloc(bytes);
	if (ptr != NULL) /* all there is: of `bytes`, the compiler would make calloc() of these two */
		memset(ptr, 0, malloc_usable_size(ptr));
	return ptr;
}
