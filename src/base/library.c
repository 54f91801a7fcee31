#include "base/library.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static int
fail(const char *soname, const char *package, struct err *err)
{
	const char *why = dlerror();

	log_write(LOG_ERROR, "library_missing", LOG_STR("library", soname), LOG_STR("package", package),
		  LOG_STR("error", why != NULL ? why : ""), LOG_END);
	return err_set(err, ERR_UNSUPPORTED,
		       "The library %s cannot be loaded on the server. Its operator has to install %s, then reload.",
		       soname, package);
}

/* Gives 1, which ends the walk, when the library lies beside this one. */
static int
is_beside(struct dl_phdr_info *object, size_t size, void *ctx)
{
	const char *soname = ctx;
	const char *slash = strrchr(object->dlpi_name, '/');
	char path[PATH_MAX];
	int n;

	(void)size;
	if (slash == NULL)
		return 0;
	n = snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - object->dlpi_name), object->dlpi_name, soname);
	return n > 0 && (size_t)n < sizeof(path) && access(path, R_OK) == 0;
}

int
library_find(const char *soname, const char *package, struct err *err)
{
	union {
		const char *text;
		void *for_callback; /* which only reads it */
	} wanted = {.text = soname};

	if (dl_iterate_phdr(is_beside, wanted.for_callback) != 0)
		return 0;
	return dlopen(soname, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE) != NULL ? 0 : fail(soname, package, err);
}

int
library_load(const char *soname, const char *package, const char *const *names, size_t n, library_function *functions_r,
	     struct err *err)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (library == NULL)
		return fail(soname, package, err);
	for (size_t i = 0; i < n; i++) {
		void *symbol = dlsym(library, names[i]);

		if (symbol == NULL) {
			int r = fail(soname, package, err);

			dlclose(library);
			return r;
		}
		memcpy(&functions_r[i], &symbol, sizeof(symbol)); /* POSIX: they are of one kind */
	}
	return 0;
}
