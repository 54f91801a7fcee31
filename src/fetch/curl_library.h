/*
 * curl_library.h - libcurl, loaded at the first request
 *
 * Debian's libcurl brings 27 other libraries (Kerberos, LDAP, GnuTLS ...), which were two thirds of the time that any
 * role of this program took to start, and a third of a worker's resident memory.  curl_library.c defines the functions
 * of <curl/curl.h> that this module calls; each hands on to the library's own.
 */
#ifndef FETCH_CURL_LIBRARY_H
#define FETCH_CURL_LIBRARY_H

#include "base/compiler.h"
#include "base/err.h"

int curl_library_find(struct err *err) MUST_CHECK; /* is it there?  See base/library.h */

/* To be called before any function of curl; again is nothing.  ERR_UNSUPPORTED, see base/library.h. */
int curl_library_load(struct err *err) MUST_CHECK;

#endif
