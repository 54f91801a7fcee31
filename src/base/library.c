#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

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
