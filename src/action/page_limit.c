#include "page_limit.h"

#include <stdlib.h>
#include <string.h>

#include "json/get.h"
#include "magento/error.h"

uint32_t
page_limit(const struct fault *fault, uint32_t asked)
{
	static const char text[] = "Maximum SearchCriteria pageSize is ";
	const char *at = strstr(fault->message, text);
	unsigned long size = at != NULL ? strtoul(at + sizeof(text) - 1, NULL, 10) : 0;

	return size < asked ? (uint32_t)size : 0;
}

uint32_t
page_half(const struct fault *fault, uint32_t asked)
{
	return strcmp(json_get_str(fault->details, "kind", ""), MAGENTO_KIND_TOO_LARGE) == 0 ? asked / 2 : 0;
}
