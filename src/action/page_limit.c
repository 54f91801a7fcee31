#include "page_limit.h"

#include <stdlib.h>
#include <string.h>

uint32_t
page_limit(const struct fault *fault, uint32_t asked)
{
	static const char text[] = "Maximum SearchCriteria pageSize is ";
	const char *at = strstr(fault->message, text);
	unsigned long size = at != NULL ? strtoul(at + sizeof(text) - 1, NULL, 10) : 0;

	return size < asked ? (uint32_t)size : 0;
}
