/*
 * rule_shapes.h - parameter and result shapes of the promotion tools that describe a rule (private to action/)
 */
#ifndef ACTION_RULE_SHAPES_H
#define ACTION_RULE_SHAPES_H

#include "json/schema.h"

extern const struct json_schema rule_create_shape; /* parameters of a new rule */
extern const struct json_schema rule_patch_shape;  /* `patch`: changes of an existing one */
extern const struct json_schema rule_id_shape;
extern const struct json_schema rule_object_shape; /* results: Magento's rule, member by member */

#endif
