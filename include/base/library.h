/*
 * library.h - shared libraries that are loaded when they are first needed
 *
 * For those that bring many others and that most processes never call: linked, they would be loaded by every role of
 * the program at every start.  A library is not unloaded again.  Its headers are used as ever; the module that needs it
 * looks up its functions once.
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"

typedef void (*library_function)(void); /* to be called as what it is */

/*
 * Whether `soname` is there to be loaded, so that a process can refuse to start without it: a look into the folders of
 * the libraries that this process has, which takes microseconds; only where it is in none of them it is loaded to know.
 * ERR_UNSUPPORTED as below.
 */
int library_find(const char *soname, const char *package, struct err *err) MUST_CHECK;

/*
 * Loads `soname`, which comes with the Debian package `package`, and looks up `n` functions by name.  All or nothing:
 * ERR_UNSUPPORTED, and the text tells what is missing and how to get it.  Opens and maps files, which takes some
 * milliseconds.
 */
int library_load(const char *soname, const char *package, const char *const *names, size_t n,
		 library_function *functions_r, struct err *err) MUST_CHECK;

#endif
