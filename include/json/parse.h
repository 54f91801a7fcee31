/*
 * parse.h - bytes to a jansson tree, within bounds
 *
 * The tree is jansson's, the reading is ours: the scanner (json/scan.h) walks the text once, without recursion, and
 * each value becomes a node as it comes by.  jansson 2.14's own reader swallows a raw NUL behind a number or a word,
 * reads all integers as reals or none, and without memory for a longer token it drops bytes and gives a different
 * number as if nothing had happened.  Strings keep escaped NULs: use json_string_length().
 *
 * Runs in: worker, on the loop or on a fiber (5 KiB of stack); cli.
 */
#ifndef JSON_PARSE_H
#define JSON_PARSE_H

#include <jansson.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"
#include "json/scan.h"

/*
 * Reads one value of any kind; gives a new reference.  `limits` NULL means json_limits_default, err may be NULL.
 *   ERR_INVALID  not JSON, not UTF-8
 *   ERR_EXISTS   an object names a member twice
 *   ERR_LIMIT    over a limit, or a number beyond int64 (unless big_int_as_real) or beyond double
 *   ERR_NOMEM
 */
int json_parse(struct slice text, const struct json_limits *limits, json_t **root_r, struct err *err) MUST_CHECK;

#endif
