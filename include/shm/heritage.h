/*
 * heritage.h - everything that crosses from the supervisor to a worker
 *
 * A worker is started by fork + exec of /proc/self/exe with argv "magento-mcp worker SLOT" and exactly these
 * descriptors open; it checks that and refuses to run otherwise.  What else it must know comes as the first message on
 * the control socket.  Messages are whole datagrams of a SEQPACKET pair; EOF on it means that the other side is gone: a
 * worker then drains and exits, the supervisor awaits the worker's death.
 */
#ifndef SHM_HERITAGE_H
#define SHM_HERITAGE_H

#include <stdint.h>

/* Form of what a supervisor hands to the program that takes its place; raised when a meaning changes. */
#define HERITAGE_HANDOVER 1

enum heritage_fd {
	HERITAGE_FD_CONTROL = 3, /* AF_UNIX SEQPACKET, the worker's end */
	HERITAGE_FD_TABLE = 4,	 /* the shared segment: table and board */
	HERITAGE_FD_KEYS = 5,	 /* the keys' own segment */
	HERITAGE_FD_CONFIG = 6,	 /* sealed memfd: the validated configuration in canonical form, secrets included */
	HERITAGE_FD_AUDIT = 7,	 /* the audit log, to be appended to; something unused when audit.path is empty */
	HERITAGE_FD_INBOX = 8,	 /* AF_UNIX DGRAM: the reading end of this slot's inbox */
	HERITAGE_FD_POST = 9,	 /* HERITAGE_INBOXES writing ends: number POST + s reaches the worker of slot s */
	HERITAGE_FD_LISTEN = 73	 /* n_listeners MCP listening sockets, then n_admin admin listening sockets */
};

#define HERITAGE_INBOXES 64 /* one for each row of the board */

#define HERITAGE_LISTENERS_MAX 16

/* The keeper (argv "magento-mcp keeper") has CONTROL, CONFIG and, behind them, the one socket of this name in
 * state_dir.
 */
#define HERITAGE_KEEPER_SOCKET "keeper.sock"
#define HERITAGE_KEEPER_FD_LISTEN 7

enum control_type {
	/* supervisor -> worker */
	CONTROL_HELLO = 1, /* first message: slot, generation, n_listeners, n_admin */
	CONTROL_RETIRE,	   /* drain: value = milliseconds until the cut */
	CONTROL_STOP,	   /* now: answer what runs with 503, close, exit */
	CONTROL_REOPEN,	   /* logs were rotated; value: bits that say which descriptors are attached, in this order */

	/* worker -> supervisor */
	CONTROL_READY = 64, /* serving; value: 1 when it has confined itself */
	CONTROL_FAILED	    /* cannot serve; text says why; the exit status follows */
};

#define CONTROL_TEXT_MAX 256

/* Of CONTROL_REOPEN. */
#define CONTROL_REOPEN_LOG 1u
#define CONTROL_REOPEN_AUDIT 2u

struct control_message {
	uint32_t type; /* enum control_type */
	uint32_t slot;
	uint32_t generation;
	uint32_t n_listeners;
	uint32_t n_admin;
	uint32_t reserved;
	uint64_t value;
	char text[CONTROL_TEXT_MAX];
};

/* Exit statuses of every role. */
enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_RETRY = 1, /* may work when tried again */
	EXIT_STATUS_CONFIG = 2 /* configuration or usage cannot work: a start or a reload ends with it */
};

#endif
