/*
 * status.h - what `ctl status` shows, as JSON or as a table.  Pure: a view in, text out
 */
#ifndef SUPERVISOR_STATUS_H
#define SUPERVISOR_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "shm/board.h"
#include "supervisor/sockets.h"

struct status_worker {
	uint32_t slot;
	pid_t pid; /* 0: none at the moment */
	uint32_t generation;
	const char *state;
	uint64_t ready_ms;	   /* from start to READY; 0 = not READY yet */
	uint64_t heartbeat_age_ms; /* 0 while not READY */
	uint64_t requests;	   /* of the slot, over all its workers */
	uint64_t connections;	   /* now */
	uint64_t streams;	   /* now */
	uint32_t respawns;
	bool is_confined; /* by Landlock */
};

struct status_keeper {
	pid_t pid; /* 0: none at the moment */
	uint32_t
	    generation; /* whose configuration it has: after a reload the old one's until its last worker is gone */
	const char *state;
	uint32_t respawns;
};

struct status_table {
	uint64_t slots;
	uint64_t used;
	uint64_t evictions;
	uint64_t owner_deaths;
	uint64_t corrupt;
	uint64_t full;
	bool has_secret_keys; /* out of reach even for the kernel's own calls; else they are ordinary memory, kept off
				 the swap */
};

struct status_reload {
	bool is_known; /* false: none so far */
	bool ok;
	const char *message;
	uint64_t at_wall_ms;
};

struct status_view {
	pid_t pid;
	const char *version;
	uint32_t generation;
	const char *state; /* starting, running, drained, reloading, stopping */
	uint64_t uptime_s;
	const struct listeners *listeners;
	const char *control_socket;
	bool is_read_only; /* server.read_only of the configuration that is served */
	size_t n_workers;
	struct status_worker workers[BOARD_ROWS];
	struct status_keeper keeper;
	struct status_table table;
	struct status_reload last_reload;
};

/* One object and a line end.  "admin" is a string, or null when it is off.  "last_reload" is null before the first. */
int status_put_json(struct buf *out, const struct status_view *view) MUST_CHECK;
int status_put_text(struct buf *out, const struct status_view *view) MUST_CHECK;

#endif
