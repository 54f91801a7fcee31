/*
 * torture.h - every allocation made to fail in turn
 *
 * Programs named alloc_* are linked with malloc, calloc, realloc, free, strdup and strndup wrapped.  What libc or a
 * shared library allocates for itself is not seen; a library that lets its allocator be set (jansson's
 * json_set_alloc_funcs()) can be given torture_malloc and torture_free.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stddef.h>

/*
 * Runs scenario(ctx) once undisturbed, then with only its first allocation failing, only the second, and so on, until a
 * run ends without meeting a failure.  The scenario gives 0 or a negative code, and frees what it made either way.
 *
 * The test fails when the undisturbed run does not give 0, when a run gives something positive, or when an allocation
 * made in a run is still there after it.
 */
void torture(const char *name, int (*scenario)(void *ctx), void *ctx);

/* How many allocations the last torture() made to fail, so that a test can tell that it met any. */
size_t torture_failures(void);

/* True while an allocation has failed in the present run: a scenario may then expect a failure of what it calls. */
int torture_has_failed(void);

void *torture_malloc(size_t size);
void torture_free(void *ptr);

#endif
