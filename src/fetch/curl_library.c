#include "curl_library.h"

#define CURL_DISABLE_TYPECHECK /* its macros would stand in the way of the definitions */
#include <curl/curl.h>
#include <stdarg.h>

#include "base/library.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt
#undef curl_share_setopt

#define SONAME "libcurl.so.4"
#define PACKAGE "libcurl4"

#define EACH(call)                                                                                                     \
	call(curl_easy_cleanup) call(curl_easy_getinfo) call(curl_easy_header) call(curl_easy_init)                    \
	    call(curl_easy_reset) call(curl_easy_setopt) call(curl_easy_strerror) call(curl_getdate)                   \
		call(curl_global_cleanup) call(curl_global_init) call(curl_global_init_mem)                            \
		    call(curl_multi_add_handle) call(curl_multi_cleanup) call(curl_multi_info_read)                    \
			call(curl_multi_init) call(curl_multi_remove_handle) call(curl_share_cleanup)                  \
			    call(curl_share_init) call(curl_share_setopt) call(curl_multi_setopt)                      \
				call(curl_multi_socket_action) call(curl_url) call(curl_url_cleanup)                   \
				    call(curl_url_set)

#define NUMBER(name) NUMBER_##name,
#define NAME(name) #name,

enum { EACH(NUMBER) FUNCTIONS };

/* The process's one copy of the library, as its address space has it: set once, by curl_library_load(). */
static library_function functions[FUNCTIONS];

#define LIBRARY(name) ((__typeof__(&name))functions[NUMBER_##name])

int
curl_library_find(struct err *err)
{
	return library_find(SONAME, PACKAGE, err);
}

int
curl_library_load(struct err *err)
{
	static const char *const names[] = {EACH(NAME)};

	if (functions[0] != NULL)
		return 0;
	return library_load(SONAME, PACKAGE, names, FUNCTIONS, functions, err);
}

/* ---- with one argument of a type that the option's number tells ---- */

CURLcode
curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	CURLcode code;
	va_list ap;

	va_start(ap, option);
	if (option < CURLOPTTYPE_OBJECTPOINT)
		code = LIBRARY(curl_easy_setopt)(easy, option, va_arg(ap, long));
	else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)
		code = LIBRARY(curl_easy_setopt)(easy, option, va_arg(ap, curl_off_t));
	else
		code = LIBRARY(curl_easy_setopt)(easy, option, va_arg(ap, void *));
	va_end(ap);
	return code;
}

CURLcode
curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
	CURLcode code;
	va_list ap;

	va_start(ap, info);
	code = LIBRARY(curl_easy_getinfo)(easy, info, va_arg(ap, void *));
	va_end(ap);
	return code;
}

CURLMcode
curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
	CURLMcode code;
	va_list ap;

	va_start(ap, option);
	if ((int)option < CURLOPTTYPE_OBJECTPOINT)
		code = LIBRARY(curl_multi_setopt)(multi, option, va_arg(ap, long));
	else
		code = LIBRARY(curl_multi_setopt)(multi, option, va_arg(ap, void *));
	va_end(ap);
	return code;
}

/* Only options with a number are used. */
CURLSHcode
curl_share_setopt(CURLSH *share, CURLSHoption option, ...)
{
	CURLSHcode code;
	va_list ap;

	va_start(ap, option);
	code = LIBRARY(curl_share_setopt)(share, option, va_arg(ap, int));
	va_end(ap);
	return code;
}

/* ---- handed on as they are ---- */

CURLSH *
curl_share_init(void)
{
	return LIBRARY(curl_share_init)();
}

CURLSHcode
curl_share_cleanup(CURLSH *share)
{
	return LIBRARY(curl_share_cleanup)(share);
}

CURLcode
curl_global_init(long flags)
{
	return LIBRARY(curl_global_init)(flags);
}

CURLcode
curl_global_init_mem(long flags, curl_malloc_callback get, curl_free_callback give_back, curl_realloc_callback move,
		     curl_strdup_callback copy, curl_calloc_callback get_zeroed)
{
	return LIBRARY(curl_global_init_mem)(flags, get, give_back, move, copy, get_zeroed);
}

void
curl_global_cleanup(void)
{
	LIBRARY(curl_global_cleanup)();
}

CURL *
curl_easy_init(void)
{
	return LIBRARY(curl_easy_init)();
}

void
curl_easy_cleanup(CURL *easy)
{
	LIBRARY(curl_easy_cleanup)(easy);
}

void
curl_easy_reset(CURL *easy)
{
	LIBRARY(curl_easy_reset)(easy);
}

const char *
curl_easy_strerror(CURLcode code)
{
	return LIBRARY(curl_easy_strerror)(code);
}

CURLHcode
curl_easy_header(CURL *easy, const char *name, size_t index, unsigned int origin, int request,
		 struct curl_header **header_r)
{
	return LIBRARY(curl_easy_header)(easy, name, index, origin, request, header_r);
}

time_t
curl_getdate(const char *text, const time_t *unused)
{
	return LIBRARY(curl_getdate)(text, unused);
}

CURLM *
curl_multi_init(void)
{
	return LIBRARY(curl_multi_init)();
}

CURLMcode
curl_multi_cleanup(CURLM *multi)
{
	return LIBRARY(curl_multi_cleanup)(multi);
}

CURLMcode
curl_multi_add_handle(CURLM *multi, CURL *easy)
{
	return LIBRARY(curl_multi_add_handle)(multi, easy);
}

CURLMcode
curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
	return LIBRARY(curl_multi_remove_handle)(multi, easy);
}

CURLMcode
curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int flags, int *running_r)
{
	return LIBRARY(curl_multi_socket_action)(multi, fd, flags, running_r);
}

CURLMsg *
curl_multi_info_read(CURLM *multi, int *left_r)
{
	return LIBRARY(curl_multi_info_read)(multi, left_r);
}

CURLU *
curl_url(void)
{
	return LIBRARY(curl_url)();
}

void
curl_url_cleanup(CURLU *url)
{
	LIBRARY(curl_url_cleanup)(url);
}

CURLUcode
curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags)
{
	return LIBRARY(curl_url_set)(url, part, text, flags);
}
