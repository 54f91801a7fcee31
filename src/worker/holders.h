/*
 * holders.h - what callers and addresses may still take, handed out by this worker
 *
 * A holder is one caller, or one client address, as this worker knows it.  What he takes comes out of leases that the
 * worker has from the shared table (session/share.h): requests a handful at a time, running calls, streams, bytes and
 * connections with a few to spare where the limit is large (a 64th).  So a limit holds over all workers, and hardly any
 * request touches the table.  What is left over goes back within a second or two.
 *
 * Where the table has no room, or holds too many addresses (an eighth of its slots), each worker counts for itself.
 * Functions take a NULL holder for somebody without limits.
 *
 * Runs in: worker.
 */
#ifndef WORKER_HOLDERS_H
#define WORKER_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "session/share.h"

struct holders;
struct holder;

enum holder_kind { HOLDER_CALLER, HOLDER_ADDRESS };
enum holder_news { HOLDER_LIMITED, HOLDER_REFUSED, HOLDER_NEWS }; /* what the log says of one */

struct holders_options {
	struct sessions *sessions; /* NULL: no other worker is there */
	struct share_worker self;
	size_t crowd_max; /* records of holders in the table; beyond it addresses are counted by each worker */
	void (*on_missed)(const struct holder *holder, enum holder_news what, uint32_t missed); /* may be NULL */
};

struct holders *holders_new(const struct holders_options *options); /* NULL without memory */
void holders_free(struct holders **holders);

/*
 * The holder of this name.  A new one gets this rule; with NULL it is ERR_NOT_FOUND.  *holder_r may be NULL with 0:
 * there are so many that one more is not counted.  Valid until the next holders_tick(), or as long as something is
 * taken. ERR_NOMEM.
 */
int holders_find(struct holders *holders, enum holder_kind kind, const char *name, const struct share_rule *rule,
		 uint64_t now_ms, struct holder **holder_r) MUST_CHECK;
bool holder_is_address(const struct holder *holder);
const char *holder_name(const struct holder *holder);

/* One request.  0 when it may be; else how long until there is one. */
uint64_t holders_request(struct holders *holders, struct holder *holder, uint64_t now_ms);

/* Takes n of a thing, or none. */
bool holders_take(struct holders *holders, struct holder *holder, enum share_thing thing, uint32_t n,
		  uint64_t now_ms) MUST_CHECK;
void holders_give(struct holders *holders, struct holder *holder, enum share_thing thing, uint32_t n, uint64_t now_ms);

/* How long the holder is shut out by a penalty, as far as this worker knows. */
void holder_shut_out(struct holder *holder, uint64_t until_ms);
uint64_t holder_shut_ms(const struct holder *holder, uint64_t now_ms);

/* True at most once in `every_ms`: old failures may be looked for. */
bool holder_may_forgive(struct holder *holder, uint64_t every_ms, uint64_t now_ms);

/*
 * Whether the log may have a line: so many of each kind of news in a time, counted from the first of them.  *missed_r
 * is how many were too many in the time before.  Where nothing more comes, on_missed() of the options says it when that
 * time is over.
 */
struct holder_pace {
	uint32_t lines;
	uint64_t every_ms;
};
bool holder_may_tell(struct holder *holder, enum holder_news what, const struct holder_pace *pace, uint64_t now_ms,
		     uint32_t *missed_r);
void holders_tell_missed(struct holders *holders, uint64_t now_ms);

/* One for all who have none; nothing is taken from it. */
struct holder *holders_others(struct holders *holders);

/* About once a second: what was not told is, what is left over goes back, what is held is said again, who has nothing
 * is forgotten. */
void holders_tick(struct holders *holders, uint64_t now_ms);

bool holders_is_crowded(const struct holders *holders);

#endif
