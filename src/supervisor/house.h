/*
 * house.h - the supervisor's own state, shared by the files that carry its decisions out
 *
 *   supervisor.c   start-up and end
 *   loop.c         one ppoll over signalfd, pidfds, control sockets, ctl clients
 *   service.c      actions of the service table: reload, retire, stop
 *   workers.c      actions of the worker table: spawn, messages, hearts
 *   mourn.c        deaths
 *   keeper_role.c  the keeper
 *   report.c       status, STATUS=, log file
 *   upgrade.c      another program in the same process
 *   memory.c       table and keys
 *
 * One process, no threads, nothing blocks but ppoll.
 */
#ifndef SUPERVISOR_HOUSE_H
#define SUPERVISOR_HOUSE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "shm/board.h"
#include "shm/heritage.h"
#include "shm/segment.h"
#include "shm/table.h"
#include "supervisor/backoff.h"
#include "supervisor/check.h"
#include "supervisor/crashes.h"
#include "supervisor/ctl.h"
#include "supervisor/heartbeat.h"
#include "supervisor/inboxes.h"
#include "supervisor/keeper_role.h"
#include "supervisor/notify.h"
#include "supervisor/roll.h"
#include "supervisor/sockets.h"
#include "supervisor/states.h"
#include "supervisor/store.h"

/* A roll needs two generations side by side in BOARD_ROWS slots. */
#define HOUSE_CHANGES_MAX 4096
#define HOUSE_WORKERS_MAX (BOARD_ROWS / 2)
#define HOUSE_GENERATIONS_MAX 8
#define HOUSE_PATIENCE_MS 8000 /* how long a reload waits for those that retire before it cuts one short */
#define HOUSE_GRACE_MS 5000    /* between what a child was told and SIGKILL: a busy machine is slow to end one, too */

struct house_options {
	const struct config_sources *sources;
	const char *name; /* argv[0] of the children */
	const char *exe;  /* what they execute: SPAWN_EXE, or a test's fake */
	uint64_t ready_limit_ms;
	const char *installed; /* what an upgrade executes; "" = there can be none */
	char *const *argv;     /* and with what */
};

/* What the supervisor keeps of a parsed configuration: nothing secret. */
struct house_settings {
	uint32_t workers;
	uint64_t drain_ms;
	enum log_level log_level;
	char audit_path[PATH_MAX]; /* "" = no audit log */
	bool is_read_only;	   /* server.read_only */
	bool has_no_store;	   /* and callers may name none: as installed */
};

enum generation_state { GENERATION_UNUSED, GENERATION_STARTING, GENERATION_SERVING, GENERATION_RETIRING };

struct generation {
	enum generation_state state;
	uint32_t number;
	int config_fd; /* sealed memfd */
	int audit_fd;  /* -1: no audit log */
	struct house_settings settings;
	bool is_first;
	bool is_cut;	 /* was told to stop at once */
	bool is_foreign; /* its workers use the table of the program before an upgrade */
	uint32_t wanted;
	uint32_t gave_up;
	uint32_t died_early;
	uint64_t started_ms;
	char failure[ERR_TEXT_MAX]; /* the first reason */
};

struct worker {
	enum worker_state state;
	uint32_t slot;
	struct generation *generation; /* NULL while the slot is free */
	pid_t pid;		       /* -1: no process */
	int pidfd;		       /* -1: the kernel gave none, SIGCHLD tells */
	int control;		       /* -1: closed */
	uint64_t deadline_ms;	       /* of this state; when WAITING: of the next start; 0 = none */
	uint64_t started_ms;
	uint64_t ready_at_ms; /* 0: not READY yet */
	bool is_confined;
	bool is_late; /* the stale heartbeat was logged */
	uint32_t respawns;
	struct backoff backoff;
	int wait_status;
	char failed_text[CONTROL_TEXT_MAX];
};

struct house {
	const struct house_options *options;
	enum service_state state;
	int exit_status;
	bool is_drained;
	bool is_memory_stored; /* systemd has table and keys too */
	uint64_t started_ms;

	/* Of the service's life. */
	char *control_path;
	char *log_path; /* "" = standard error */
	struct listeners listeners;
	struct inboxes inboxes;
	struct store store;
	struct segment_keys *keys;
	struct segment *segment;
	struct table *table; /* for its counts only: no lock is ever taken here */
	struct notify notify;
	struct ctl ctl;
	struct heartbeat_watch watch;
	struct crashes crashes;
	int signal_fd;
	int null_fd;
	int log_fd; /* -1: standard error */

	struct keeper_role keeper;
	struct worker workers[BOARD_ROWS];
	struct generation generations[HOUSE_GENERATIONS_MAX];
	struct generation *serving;  /* NULL until the first is READY */
	struct generation *incoming; /* starting */

	/* A reload under way. */
	struct check check;
	int pending_fd; /* checked configuration that waits for room; -1 = none */
	int pending_audit_fd;
	uint64_t room_since_ms; /* since when it waits */
	struct house_settings pending;
	bool reload_again;
	bool is_upgrading;		 /* this reload is an upgrade */
	bool upgrade_wanted;		 /* the next one is to be one */
	char failure[ERR_TEXT_MAX];	 /* why this reload failed */
	char changes[HOUSE_CHANGES_MAX]; /* what ctl is told of the keys that changed; "": unknown */

	/* The last reload. */
	bool has_reloaded;
	bool reload_ok;
	bool was_upgrade;
	char reload_text[ERR_TEXT_MAX];
	uint64_t reload_at_wall_ms;
};

/* supervisor.c: supervisor_run() with the options of a test. */
int house_run(const struct house_options *options) MUST_CHECK;
void house_settings_from(const struct config *cfg, struct house_settings *settings_r);
/* Refuses sockets from systemd that a configuration without authentication may not serve. */
int house_allow_listeners(const struct house *h, const struct config *cfg, struct err *err) MUST_CHECK;

/* loop.c: until SERVICE_ENDED. */
int loop_run(struct house *h) MUST_CHECK;

/* service.c */
void service_event(struct house *h, enum service_event event, uint64_t now_ms);
void service_check_over(struct house *h, int wait_status, uint64_t now_ms);
void service_turn(struct house *h, uint64_t now_ms); /* once per turn: has something been reached? */

/* The reload under way comes to nothing, before anything was started. */
void service_abandon_reload(struct house *h, const char *text, uint64_t now_ms);

/* Upgrade, by signal or by ctl.  ERR_UNSUPPORTED: nobody knows what file to execute. */
int service_want_upgrade(struct house *h, struct err *err) MUST_CHECK;

/* Takes both descriptors.  NULL when all records are in use. */
struct generation *service_new_generation(struct house *h, int config_fd, int audit_fd,
					  const struct house_settings *settings, uint64_t now_ms);

/* workers.c; to workers_tell() and workers_alive() a NULL `g` means all generations */
void workers_init(struct house *h);
void workers_start(struct house *h, struct generation *g, uint64_t now_ms); /* wants g->wanted free slots */
void workers_tell(struct house *h, const struct generation *g, enum worker_event event, uint64_t now_ms);
void worker_event(struct house *h, struct worker *w, enum worker_event event, uint64_t now_ms);
void worker_hear(struct house *h, struct worker *w, uint64_t now_ms); /* its control socket is readable */
bool worker_reap(struct house *h, struct worker *w, uint64_t now_ms); /* true when it was dead */

/* Reads all messages that wait.  True at EOF or nonsense. */
bool worker_read_control(struct house *h, struct worker *w, uint64_t now_ms);
void workers_due(struct house *h, uint64_t now_ms);
void workers_check_hearts(struct house *h, uint64_t now_ms);
uint64_t workers_next_deadline(const struct house *h);
uint32_t workers_count(const struct house *h, const struct generation *g, enum worker_state state);
uint32_t workers_alive(const struct house *h, const struct generation *g); /* processes */
uint32_t workers_free(const struct house *h);
bool workers_are_healthy(const struct house *h, uint64_t now_ms); /* somebody is READY and fresh */
void workers_send_logs(struct house *h);

/* report.c */
void report_listening(const struct house *h);
void report_status_line(struct house *h);						  /* STATUS= */
void report_ctl(void *ctx, struct ctl_client *client, const struct ctl_request *request); /* a ctl_handler_fn */
int report_open_log(struct house *h, struct err *err) MUST_CHECK;
int report_reopen(struct house *h, struct err *err); /* has logged what went wrong */

#endif
