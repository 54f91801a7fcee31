#include "coupon_space.h"

#include <stddef.h>
#include <string.h>

#include "base/compiler.h"

static const struct {
	const char *word;
	const char *magento;
	unsigned alphabet;
} formats[] = {
    [COUPON_ALPHANUMERIC] = {"alphanumeric", "alphanum", 36},
    [COUPON_ALPHABETICAL] = {"alphabetical", "alpha", 26},
    [COUPON_NUMERIC] = {"numeric", "num", 10},
};

enum coupon_format
coupon_format_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (strcmp(formats[i].word, word) == 0)
			return (enum coupon_format)i;
	}
	return COUPON_ALPHANUMERIC;
}

const char *
coupon_format_magento(enum coupon_format format)
{
	return formats[format].magento;
}

bool
coupon_space_holds(enum coupon_format format, unsigned length, uint64_t qty, uint64_t times)
{
	uint64_t wanted = qty > UINT64_MAX / times ? UINT64_MAX : qty * times;
	uint64_t space = 1;

	for (unsigned i = 0; i < length; i++) {
		if (space >= wanted || space > UINT64_MAX / formats[format].alphabet)
			return true;
		space *= formats[format].alphabet;
	}
	return space >= wanted;
}

unsigned
coupon_space_length(enum coupon_format format, uint64_t qty, uint64_t times)
{
	unsigned length = 1;

	while (length < COUPON_SPACE_LENGTH_MAX && !coupon_space_holds(format, length, qty, times))
		length++;
	return length;
}
