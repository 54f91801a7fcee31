/*
 * enc_json.h - JSON text character by character, for writers that count their room (the log line)
 */
#ifndef BASE_ENC_JSON_H
#define BASE_ENC_JSON_H

#include <stddef.h>

#include "base/slice.h"

#define ENC_JSON_STEP_MAX 6

/*
 * Writes the JSON form of the character at text.ptr[*pos_io] to dst (at most ENC_JSON_STEP_MAX bytes, no NUL), moves
 * *pos_io behind it and gives the number of bytes written.  *pos_io must be inside the text.
 */
size_t enc_json_step(struct slice text, size_t *pos_io, char dst[static ENC_JSON_STEP_MAX]);

/* How many bytes from `pos` on stand for themselves: printable ASCII without quote and backslash. */
size_t enc_json_plain(struct slice text, size_t pos);

#endif
