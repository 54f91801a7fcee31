#include "header_value.h"

#include <string.h>

#include "base/enc.h"
#include "base/err.h"

static const char before[] = "=?base64?", behind[] = "?=";

bool
header_value_is_plain(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c != '\t' && (c < 0x20 || c > 0x7e))
			return false;
	}
	return true;
}

int
header_value_decode(struct slice header, struct buf *room, struct slice *value_r)
{
	const size_t prefix = sizeof(before) - 1, suffix = sizeof(behind) - 1;
	int r;

	*value_r = header;
	if (!slice_has_prefix(header, before) || header.len < prefix + suffix ||
	    memcmp(header.ptr + header.len - suffix, behind, suffix) != 0)
		return 0;
	r = enc_base64_decode(slice_sub(header, prefix, header.len - prefix - suffix), room);
	if (r < 0)
		return r == ERR_NOMEM ? ERR_NOMEM : ERR_INVALID;
	*value_r = buf_slice(room);
	return slice_is_utf8(*value_r) ? 0 : ERR_INVALID;
}
