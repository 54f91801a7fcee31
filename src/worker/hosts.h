/*
 * hosts.h - which Host and Origin values are served; pure
 *
 * The defence against DNS rebinding: a web page that points its own name at a loopback address still sends its own
 * name. Served are the listen addresses, on loopback also `localhost`, `127.0.0.1` and `[::1]` with the served port,
 * and the configured names.  When a listener is not on loopback and no name is configured, every Host is served: there
 * the client token decides, which a foreign page does not have.
 */
#ifndef WORKER_HOSTS_H
#define WORKER_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"
#include "config/config.h"

#define HOSTS_LISTENERS_MAX 16

struct hosts_listener {
	char text[80]; /* "127.0.0.1:8765", the real port */
	uint16_t port;
	bool is_loopback;
};

struct hosts {
	struct hosts_listener listeners[HOSTS_LISTENERS_MAX];
	size_t n_listeners;
	const struct config_list *allowed_hosts;   /* borrowed; "name" or "name:port" */
	const struct config_list *allowed_origins; /* borrowed; "https://name[:port]" */
};

void hosts_init(struct hosts *hosts, const struct config *config);

/* Adds the real address of a listening socket, at most HOSTS_LISTENERS_MAX.  ERR_IO: the kernel does not tell it. */
int hosts_add_listener(struct hosts *hosts, int fd, struct err *err) MUST_CHECK;

bool hosts_serve_host(const struct hosts *hosts, struct slice host);

/*
 * The same for listeners without tokens, for machines that watch: true when all are on loopback and this is a foreign
 * name.  Any address, with any port, is fine, since no page comes by an address that its own host does not have.
 */
bool hosts_is_foreign_name(const struct hosts *hosts, struct slice host);
bool hosts_allow_origin(const struct hosts *hosts, struct slice origin);

/* Allowed by configuration, so that CORS headers are sent; our own addresses need none. */
bool hosts_is_listed_origin(const struct hosts *hosts, struct slice origin);

#endif
