/*
 * keeper_role.h - the supervisor's one child that is no worker: the keeper of plans and keys
 *
 * There is at most one.  The supervisor owns the socket that workers connect to (state_dir/keeper.sock), so that calls
 * wait in its backlog while the keeper is being replaced.  The keeper is started with the first generation, which is
 * not announced before it is READY; it is started again by the workers' back-off; it is replaced when the generation
 * that a reload retired is gone, and told to end when the last worker is gone.  Exit status 2 (a foreign or damaged
 * file) abandons a service that starts; later the service goes on without it, and tries again by the back-off.
 *
 * Its heartbeat is a message a second: it has no row on the board.
 */
#ifndef SUPERVISOR_KEEPER_ROLE_H
#define SUPERVISOR_KEEPER_ROLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"
#include "shm/heritage.h"
#include "supervisor/backoff.h"

/* A transaction on a slow disk is no hang. */
#define KEEPER_ROLE_HUNG_MS 30000

struct house;

enum keeper_role_state {
	KEEPER_ROLE_ABSENT,   /* not started, or ended for good */
	KEEPER_ROLE_WAITING,  /* the back-off delay runs */
	KEEPER_ROLE_STARTING, /* spawned, READY awaited */
	KEEPER_ROLE_READY,
	KEEPER_ROLE_REFUSED,  /* exit status 2 while the service starts, which is abandoned */
	KEEPER_ROLE_STOPPING, /* told to end, or killed */
	KEEPER_ROLE_STATES
};

struct keeper_role {
	enum keeper_role_state state;
	char *path;    /* of the socket; NULL: none */
	int listen_fd; /* -1: none */
	pid_t pid;     /* -1: no process */
	int pidfd;
	int control;
	uint32_t generation;  /* whose configuration it has */
	uint64_t deadline_ms; /* of the state; when WAITING: of the next start; 0 = none */
	uint64_t started_ms;
	uint64_t ready_at_ms; /* 0: not READY yet */
	uint64_t heard_ms;
	bool is_wanted; /* start it again when it has ended */
	bool was_ready; /* once, in the service's life */
	uint32_t respawns;
	struct backoff backoff;
	char failed_text[CONTROL_TEXT_MAX];
};

void keeper_role_init(struct keeper_role *role);
void keeper_role_fini(struct keeper_role *role); /* and removes the socket; the process is gone */

/* Makes the socket.  ERR_EXISTS: somebody answers there already. */
int keeper_role_listen(struct keeper_role *role, const char *state_dir, struct err *err) MUST_CHECK;

void keeper_role_start(struct house *h, uint64_t now_ms);
void keeper_role_replace(struct house *h, uint64_t now_ms); /* ends it and starts it with the serving configuration */
bool keeper_role_end(struct house *h, uint64_t now_ms);	    /* for good; true when no process is left */

void keeper_role_hear(struct house *h, uint64_t now_ms); /* its control socket is readable */
bool keeper_role_reap(struct house *h, uint64_t now_ms); /* true when it was dead */
void keeper_role_due(struct house *h, uint64_t now_ms);
void keeper_role_send_log(struct house *h);
uint64_t keeper_role_next_deadline(const struct house *h);
const char *keeper_role_state_name(enum keeper_role_state state);

#endif
