/*
 * resource.h - what this server says of itself as an OAuth 2.1 resource: constant texts (private to auth/)
 */
#ifndef AUTH_RESOURCE_H
#define AUTH_RESOURCE_H

#include "base/buf.h"
#include "base/compiler.h"
#include "config/config.h"

struct resource {
	struct buf metadata;	 /* JSON, RFC 9728 */
	struct buf metadata_url; /* where it is served, the endpoint's path inserted */
	struct buf missing;	 /* challenges: no token came; a bad one came */
	struct buf invalid;
};

/* ERR_NOMEM, ERR_LIMIT.  resource_fini() in any case. */
int resource_init(struct resource *resource, const struct config *config) MUST_CHECK;
void resource_fini(struct resource *resource);

int resource_put_scope_challenge(const struct resource *resource, struct buf *out, const char *scope) MUST_CHECK;

#endif
