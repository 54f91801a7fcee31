/*
 * memory.h - the table and its keys, made anew or taken over from whoever kept them
 */
#ifndef SUPERVISOR_MEMORY_H
#define SUPERVISOR_MEMORY_H

#include "base/compiler.h"
#include "base/err.h"
#include "supervisor/house.h"

/* An empty table with fresh keys. */
int memory_make(struct house *h, const struct config *cfg, struct err *err) MUST_CHECK;

/*
 * Takes both descriptors, whatever comes of it.  On failure the house has neither table nor keys: they are of another
 * layout, no pair, or something else altogether.
 */
int memory_adopt(struct house *h, int table_fd, int keys_fd, struct err *err) MUST_CHECK;

/* One loud line: logins are lost, and why. */
void memory_say_anew(const struct err *why);

/* Whether the table has the size that the configuration asks for. */
bool memory_fits(const struct house *h, const struct config *cfg);

void memory_free(struct house *h); /* does not wipe the keys */

#endif
