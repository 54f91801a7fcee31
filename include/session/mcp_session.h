/*
 * mcp_session.h - legacy MCP sessions (Mcp-Session-Id), shared by all workers
 *
 * Holds what initialize negotiated, and remembers a login, so that legacy clients need no handle.  The two live
 * apart: the end of the MCP session forgets the reference, not the login; a login that ended leaves a reference that
 * leads nowhere. Modern clients have none of this.
 *
 * The id of another principal is answered like an unknown one.  A session that never remembered a
 * login may be evicted to make room for another one of the same principal.
 *
 * Runs in: worker, stdio.
 */
#ifndef SESSION_MCP_SESSION_H
#define SESSION_MCP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"
#include "session/login.h"
#include "session/sessions.h"

#define MCP_SESSION_ID_LEN SESSION_HANDLE_LEN
#define MCP_SESSION_ID_CAP SESSION_HANDLE_CAP
#define MCP_SESSION_SUBSCRIPTIONS_MAX 32

/* Which worker holds the one GET stream.  All zero = nobody. */
struct mcp_session_stream {
	uint32_t slot;	     /* worker slot */
	uint32_t serial;     /* of the stream within that worker, from 1 */
	uint64_t generation; /* of the worker; with slot and pid the board tells whether it lives */
	uint32_t pid;
};

struct mcp_session {
	char principal[SESSION_PRINCIPAL_MAX + 1];
	uint32_t protocol;     /* the caller's enum of revisions */
	uint32_t capabilities; /* the caller's bits of client capabilities */
	uint32_t log_level;    /* the caller's enum; logging/setLevel */
	bool initialized;      /* notifications/initialized came */
	bool has_login;	       /* `login` is set; it need not be alive */
	struct login_ref login;
	struct mcp_session_stream stream;
	uint32_t n_subscriptions;
	uint64_t subscriptions[MCP_SESSION_SUBSCRIPTIONS_MAX]; /* mcp_session_uri_hash() */
	const char *address;				       /* for mcp_session_create(); NULL: not limited */
	uint64_t created_ms;				       /* set by this module */
	uint64_t seen_ms;
};

/*
 * Makes a session of principal, protocol, capabilities, log_level, initialized of *init and gives its id.  When the
 * principal has mcp_per_principal sessions, the least recently used one without a login makes room; ERR_LIMIT when
 * there is none such; ERR_LIMIT also when the address has opened mcp_per_address in the last mcp_idle_ms.  ERR_FULL:
 * the table has no room.  ERR_INVALID: no principal.
 */
int mcp_session_create(struct sessions *s, const struct mcp_session *init, struct session_now now,
		       char id_r[static MCP_SESSION_ID_CAP], struct err *err) MUST_CHECK;

/*
 * Copies the session out and refreshes its idle clock.  ERR_NOT_FOUND: unknown, expired, ended, or another
 * principal's.
 */
int mcp_session_use(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
		    struct mcp_session *copy_r) MUST_CHECK;

/* DELETE: exactly one caller gets 0, the others ERR_NOT_FOUND.  A remembered login lives on. */
int mcp_session_destroy(struct sessions *s, struct slice principal, struct slice id, struct session_now now) MUST_CHECK;

/* All of these: ERR_NOT_FOUND as mcp_session_use(). */
int mcp_session_set_initialized(struct sessions *s, struct slice principal, struct slice id, struct session_now now);
int mcp_session_set_log_level(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			      uint32_t log_level);

/*
 * Remembers a login instead of the one remembered before, which is given in *before_r (has_before_r false: none) so
 * that the caller can destroy it.  Both out-parameters may be NULL.
 */
int mcp_session_remember_login(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			       struct login_ref login, struct login_ref *before_r, bool *has_before_r) MUST_CHECK;

/* Forgets the login if it is still `login`; 0 also when another one is remembered by now. */
int mcp_session_forget_login(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			     struct login_ref login);

/*
 * Makes *want the holder of the GET stream if the present holder equals *expect (NULL = nobody); want NULL lets go.
 * ERR_EXISTS: somebody else holds it; *holder_r (may be NULL) says who, so that a dead one can be replaced.
 */
int mcp_session_swap_stream(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			    const struct mcp_session_stream *expect, const struct mcp_session_stream *want,
			    struct mcp_session_stream *holder_r) MUST_CHECK;

/* ERR_LIMIT: MCP_SESSION_SUBSCRIPTIONS_MAX reached.  Both are idempotent. */
int mcp_session_subscribe(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			  struct slice uri) MUST_CHECK;
int mcp_session_unsubscribe(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			    struct slice uri);
uint64_t mcp_session_uri_hash(const struct sessions *s, struct slice uri);
bool mcp_session_is_subscribed(const struct mcp_session *copy, uint64_t uri_hash);

#endif
