/*
 * Small text helpers of the demo store: percent encoding, the comparisons MySQL and PHP make, and numbers the way
 * PHP writes them into JSON. Nothing here knows about HTTP or products.
 */
#ifndef DEMO_TEXT_H
#define DEMO_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Room for any number text_from_json() writes. */
#define TEXT_NUMBER_MAX 40

/* Decodes %XX in place and returns the new length; with plus, '+' becomes a space. A lone '%' stays as it is. */
size_t text_decode_percent(char *s, bool plus);

/* True if every '%' in s is followed by two hexadecimal digits. */
bool text_has_valid_escapes(const char *s);

/* Writes s with everything but A-Z a-z 0-9 - . _ ~ percent-encoded in upper-case hex. */
void text_put_encoded(FILE *out, const char *s, size_t len);

/* PHP's strnatcmp(): runs of digits compare as numbers, everything else as bytes. */
int text_compare_natural(const char *a, const char *b);

/* Equality under MySQL's default collation, as far as ASCII goes: letter case and trailing spaces do not count. */
int text_compare_collated(const char *a, const char *b);

/* SQL LIKE without letter case: '%' any run, '_' any one byte, '\' takes the next byte literally. */
bool text_matches_like(const char *text, const char *pattern);

/* True and *r if the whole of s is a decimal number. */
bool text_parse_number(const char *s, double *r);
bool text_parse_integer(const char *s, long long *r);

/* Longest name text_make_snake_case() writes, with its end. */
#define TEXT_NAME_MAX 64

/* attributeSetId, AttributeSetId → attribute_set_id in out; false if the name is too long to be one. */
bool text_make_snake_case(const char *name, char *out);

/* Lower-case copy without trailing spaces: the form skus are looked up by. NULL if memory is short. */
char *text_fold(const char *s);

/* malloc'd url key made of any text: accents off, lower case, everything else a single dash. */
char *text_make_slug(const char *s);

/* A number as PHP's json_encode() writes floats: 11 for 11.0, 99.5 for 99.5. New reference. */
json_t *text_number_json(double number);

/*
 * The text of a scalar: strings as they are, numbers and booleans (1, 0) written into buf, which holds
 * TEXT_NUMBER_MAX bytes. NULL for null, lists, objects and NULL.
 */
const char *text_from_json(const json_t *value, char *buf);

/* "YYYY-MM-DD HH:MM:SS" in UTC, 20 bytes with the end. */
void text_put_time(long long unix_s, char *buf);

#endif
