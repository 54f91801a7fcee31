/*
 * The HTTP side: one libevent loop, one listener, requests handed to the router, faults acted out.
 */
#ifndef DEMO_SERVER_H
#define DEMO_SERVER_H

#include "demo.h"

struct event_base;
struct server;

/* Listens on the address; port 0 takes any free one. NULL, with errno set, if it cannot. */
struct server *server_new(struct event_base *base, struct demo *demo, const char *address, int port);

/* Closes every connection, waiting ones too. */
void server_free(struct server **server);

int server_get_port(const struct server *server);

#endif
