/*
 * ctl.h - the control socket: a few local clients, one line each
 *
 * A client sends one line of words and reads `OK` or `ERROR text`, then a body until EOF.  Bounded: CTL_CLIENTS_MAX
 * clients (more are answered with ERROR), CTL_LINE_MAX bytes of request, CTL_REPLY_MAX of reply, CTL_IDLE_MS for
 * request and for reply.  Only a client that waits for the end of a reload or stop may stay longer.  Never blocks.
 */
#ifndef SUPERVISOR_CTL_H
#define SUPERVISOR_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"

#define CTL_CLIENTS_MAX 8
#define CTL_LINE_MAX 256
#define CTL_REPLY_MAX (128 * 1024)
#define CTL_IDLE_MS 5000

enum ctl_verb { CTL_STATUS, CTL_RELOAD, CTL_UPGRADE, CTL_STOP, CTL_DRAIN, CTL_REOPEN };

struct ctl_request {
	enum ctl_verb verb;
	bool json; /* status only */
	bool wait; /* reload, upgrade and stop only */
};

/* Pure.  ERR_INVALID; the text is the answer. */
int ctl_parse(struct slice line, struct ctl_request *request_r, struct err *err) MUST_CHECK;

/* CTL_WAIT_NEXT: for the reload (or upgrade) after the one under way, because that one may have read an older file. */
enum ctl_wait { CTL_WAIT_NONE, CTL_WAIT_RELOAD, CTL_WAIT_NEXT, CTL_WAIT_STOP };

struct ctl_client {
	int fd; /* -1: unused */
	struct buf in;
	struct buf out;
	uint64_t deadline_ms; /* 0 while it waits */
	enum ctl_wait wait;
	bool is_answered;
	bool is_half_closed; /* it will send nothing more, but may still read */
};

/* Answers with ctl_answer(), or sets client->wait to be answered by ctl_answer_waiting() later. */
typedef void (*ctl_handler_fn)(void *ctx, struct ctl_client *client, const struct ctl_request *request);

struct ctl {
	int fd;
	const char *path; /* borrowed; removed by ctl_fini when still ours */
	uint64_t inode;
	ctl_handler_fn handler;
	void *ctx;
	struct ctl_client clients[CTL_CLIENTS_MAX];
};

void ctl_init(struct ctl *c, ctl_handler_fn handler, void *ctx);
/* ERR_EXISTS: another server answers there. */
int ctl_listen(struct ctl *c, const char *path, struct err *err) MUST_CHECK;
void ctl_fini(struct ctl *c); /* sends what can be sent at once, closes all, removes the socket */

/* A client of the program before an upgrade, who waits for what comes of it. */
void ctl_take_waiting(struct ctl *c, int fd, bool is_half_closed);

void ctl_accept(struct ctl *c, uint64_t now_ms);	  /* the listening socket is readable */
void ctl_take(struct ctl *c, int fd, uint64_t now_ms);	  /* takes a connected, non-blocking client */
short ctl_client_events(const struct ctl_client *client); /* for poll; POLLHUP is always told */
void ctl_client_turn(struct ctl *c, struct ctl_client *client, uint64_t now_ms); /* it is readable, writable or gone */
void ctl_expire(struct ctl *c, uint64_t now_ms);
uint64_t ctl_next_deadline(const struct ctl *c); /* UINT64_MAX: none */

/* `text` is for the first line of an error and is ignored for OK; `body` may be SLICE_NONE. */
void ctl_answer(struct ctl_client *client, bool ok, const char *text, struct slice body);
void ctl_answer_waiting(struct ctl *c, enum ctl_wait wait, bool ok, const char *text, struct slice body,
			uint64_t now_ms);

void ctl_promote_waiting(struct ctl *c); /* a new reload begins: CTL_WAIT_NEXT becomes CTL_WAIT_RELOAD */

#endif
