/*
 * page_limit.h - pages that are too large, for the shop's administrator or for us (private to action/)
 */
#ifndef ACTION_PAGE_LIMIT_H
#define ACTION_PAGE_LIMIT_H

#include <stdint.h>

#include "json/fault.h"

/* The page size that is allowed, when the fault complains about ours of `asked` items; else 0. */
uint32_t page_limit(const struct fault *fault, uint32_t asked);

/* Half of `asked`, when the fault says that the shop's answer passed magento.max_reply_bytes; 0: that is not why, or no
 * smaller page is left. */
uint32_t page_half(const struct fault *fault, uint32_t asked);

#endif
