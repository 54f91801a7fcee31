#include "harden.h"

#include <event2/event.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/scrub.h"

static void *
crypto_malloc(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return malloc(size);
}

static void *
crypto_realloc(void *ptr, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return scrub_realloc(ptr, size);
}

static void
crypto_free(void *ptr, const char *file, int line)
{
	(void)file, (void)line;
	scrub_free(ptr);
}

void
harden_self(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	event_set_mem_functions(malloc, scrub_realloc, scrub_free);
	json_set_alloc_funcs(malloc, scrub_free);
	/* Refused once OpenSSL has memory: then a library that was loaded with the program has used it before us. */
	(void)CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
}
