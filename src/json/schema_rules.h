/*
 * schema_rules.h - the single rules of the schema checker, and what they say when they are broken
 */
#ifndef JSON_SCHEMA_RULES_H
#define JSON_SCHEMA_RULES_H

#include "json/schema.h"
#include "json/violation.h"
#include "json/walk.h"

bool schema_has_nul(const json_t *value); /* a string that is longer than it looks in C */
bool schema_type_fits(const struct json_schema *s, const json_t *value);

void schema_type_refused(struct violation_list *list, const struct json_schema *s, const json_t *value);
void schema_no_branch_fits(struct violation_list *list, const struct json_schema *s, const json_t *value);
void schema_name_unknown(struct violation_list *list, const struct json_schema *s, struct slice key);
void schema_name_refused(struct violation_list *list, const struct json_schema *s);
void schema_too_few_members(struct violation_list *list, const struct json_schema *s, size_t n);

void schema_check_string(struct violation_list *list, const struct json_schema *s, const json_t *value);
void schema_check_number(struct violation_list *list, const struct json_schema *s, const json_t *value);
void schema_check_unique(struct violation_list *list, const json_t *array); /* scalars only */

#endif
