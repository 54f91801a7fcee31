/*
 * page_limit.h - a shop whose administrator allows smaller pages only (private to action/)
 */
#ifndef ACTION_PAGE_LIMIT_H
#define ACTION_PAGE_LIMIT_H

#include <stdint.h>

#include "json/fault.h"

/* The page size that is allowed, when the fault complains about ours of `asked` items; else 0. */
uint32_t page_limit(const struct fault *fault, uint32_t asked);

#endif
