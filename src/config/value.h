/*
 * value.h - texts of values: reading them into a field, writing a field as text
 *
 * One pair of functions per enum config_type.  A text that was written reads back to the same value.  Refusals never
 * repeat the value of a secret, nor of a URL (which may carry a password by mistake).
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/slice.h"
#include "config/keys.h"

/* `owner` is the struct that key->offset counts from.  What the value needs is copied into the pool (not secrets). */
int value_parse(const struct config_key *key, struct slice text, struct pool *pool, void *owner,
		struct err *err) MUST_CHECK;

/* Puts nothing for what is not set. */
int value_print(const struct config_key *key, const void *owner, struct buf *out) MUST_CHECK;

/* "size", "list of ..." for people. */
const char *value_type_name(const struct config_key *key);

/* Puts "LOW to HIGH" in the units of the key; nothing where bounds say nothing. */
int value_print_range(const struct config_key *key, struct buf *out) MUST_CHECK;

/* For messages: `text` without control characters, cut to 64 bytes on a character's border. */
#define VALUE_SHOW_CAP 80
const char *value_show(struct slice text, char out_r[static VALUE_SHOW_CAP]);

#endif
