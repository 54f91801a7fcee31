/*
 * From a path to its handler: store code, version, route, permission, body. Answers every refusal on the way in the
 * order Magento makes them.
 */
#ifndef DEMO_ROUTER_H
#define DEMO_ROUTER_H

#include "request.h"

/* Answers the request. The reply is always filled in. */
void router_answer(struct request *req, struct reply *reply);

/* The kind of login a request made it in with: "none", "admin", "oauth" or "bearer". */
const char *router_auth_name(const struct request *req);

#endif
