/*
 * filters.h - the filter language of the search tools, turned into searchCriteria (private to action/)
 */
#ifndef ACTION_FILTERS_H
#define ACTION_FILTERS_H

#include <jansson.h>

#include "json/fault.h"
#include "magento/criteria.h"

/*
 * Adds one group per attribute, and one per condition where an attribute has a list of them: all must hold.  `filters`
 * has passed shape_filters, or is NULL.  VALIDATION_ERROR with paths below `path`.
 */
int filters_add(struct criteria *criteria, json_t *filters, const char *path, struct fault *fault) MUST_CHECK;

#endif
