/*
 * states.h - what the supervisor does when something happens, as two tables
 *
 * actions[state][event] gives an action and the next state for every pair, so that every combination is visible and
 * tested without a process.  The tables know no time and no descriptor; workers.c and service.c carry the actions out.
 * An event that cannot come in a state gives ACTION_BUG: it is logged and changes nothing.  The idea is s6-supervise's.
 */
#ifndef SUPERVISOR_STATES_H
#define SUPERVISOR_STATES_H

/* ---- One worker slot ---- */

enum worker_state {
	WORKER_FREE,	 /* no process, nobody wants one */
	WORKER_WAITING,	 /* wanted; the back-off delay runs */
	WORKER_STARTING, /* spawned, READY awaited */
	WORKER_READY,	 /* serves */
	WORKER_HUNG,	 /* stale heart, SIGABRT sent, last words awaited */
	WORKER_DOOMED,	 /* will die and be replaced */
	WORKER_RETIRING, /* drains, will not be replaced */
	WORKER_STOPPING, /* told to stop now */
	WORKER_CUT,	 /* SIGKILL sent, will not be replaced */
	WORKER_STATES
};

enum worker_event {
	WORKER_EV_WANTED,   /* a generation takes this slot */
	WORKER_EV_DUE,	    /* the back-off delay is over */
	WORKER_EV_UNBORN,   /* fork failed */
	WORKER_EV_READY,    /* CONTROL_READY came */
	WORKER_EV_FAILED,   /* CONTROL_FAILED came */
	WORKER_EV_EOF,	    /* control socket closed, process alive */
	WORKER_EV_RETIRE,   /* drain */
	WORKER_EV_STOP,	    /* now, but let it answer 503 */
	WORKER_EV_KILL,	    /* now */
	WORKER_EV_STALE,    /* heartbeat too old */
	WORKER_EV_DEADLINE, /* this state has lasted too long */
	WORKER_EV_EXIT,	    /* dead, exit status other than 2 */
	WORKER_EV_REFUSED,  /* dead, exit status 2: do not respawn */
	WORKER_EVENTS
};

enum worker_action {
	WORKER_NONE,
	WORKER_BUG,
	WORKER_SPAWN,
	WORKER_SERVE,
	WORKER_NOTE,	/* keep the text of CONTROL_FAILED */
	WORKER_AWAIT,	/* give it time to die by itself */
	WORKER_RETIRE,	/* send CONTROL_RETIRE */
	WORKER_STOP,	/* send CONTROL_STOP */
	WORKER_ABORT,	/* SIGABRT */
	WORKER_KILL,	/* SIGKILL */
	WORKER_RESPAWN, /* ask backoff.c when */
	WORKER_GIVE_UP, /* the slot stays empty, the generation is told */
	WORKER_RELEASE, /* forget the process, the slot is free */
	WORKER_ACTIONS
};

struct worker_step {
	enum worker_action action;
	enum worker_state next;
};

struct worker_step states_worker(enum worker_state state, enum worker_event event);
const char *states_worker_name(enum worker_state state); /* as shown in status: "ready", "starting" ... */

/* ---- The service ---- */

enum service_state {
	SERVICE_STARTING, /* the first generation is not READY yet */
	SERVICE_RUNNING,
	SERVICE_CHECKING, /* reload: the new configuration is being checked */
	SERVICE_ROOM,	  /* reload: waits until enough slots are free */
	SERVICE_ROLLING,  /* reload: the new generation starts */
	SERVICE_STOPPING, /* all workers drain */
	SERVICE_ENDING,	  /* all workers were told to stop now */
	SERVICE_ENDED,
	SERVICE_STATES
};

enum service_event {
	SERVICE_EV_RELOAD,
	SERVICE_EV_DRAIN,    /* WINCH */
	SERVICE_EV_STOP,     /* TERM, QUIT */
	SERVICE_EV_STOP_NOW, /* INT */
	SERVICE_EV_CHECK_OK,
	SERVICE_EV_CHECK_FAILED,
	SERVICE_EV_ROOM,       /* enough slots are free */
	SERVICE_EV_GEN_READY,  /* the starting generation is READY */
	SERVICE_EV_GEN_FAILED, /* it cannot become READY */
	SERVICE_EV_EMPTY,      /* no worker process is left */
	SERVICE_EVENTS
};

enum service_action {
	SERVICE_NONE,
	SERVICE_BUG,
	SERVICE_CHECK,	   /* start the check child */
	SERVICE_REMEMBER,  /* one more reload when this one is over */
	SERVICE_REFUSE,	   /* not possible now, say so */
	SERVICE_REPORT,	   /* the reload failed before anything was started */
	SERVICE_MAKE_ROOM, /* cut what retires if slots are short */
	SERVICE_START,	   /* start the new generation */
	SERVICE_ANNOUNCE,  /* the first generation serves */
	SERVICE_ADOPT,	   /* the new generation serves, retire the old one */
	SERVICE_DISCARD,   /* kill the new generation, keep the old one */
	SERVICE_RETIRE_ALL,
	SERVICE_STOP_ALL,
	SERVICE_KILL_ALL,
	SERVICE_ABANDON, /* the configuration cannot work: stop all, exit 2 */
	SERVICE_END,
	SERVICE_ACTIONS
};

struct service_step {
	enum service_action action;
	enum service_state next;
};

struct service_step states_service(enum service_state state, enum service_event event);
const char *states_service_name(enum service_state state);

#endif
