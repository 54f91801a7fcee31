/*
 * exchange.h - one message on its way through the core (private to mcp/)
 *
 * An exchange is made for each POSTed message and freed when it has been answered, or, after a hang-up, when its work
 * is done.  Exactly one of the exchange_* functions that answer is called for each.
 */
#ifndef MCP_EXCHANGE_H
#define MCP_EXCHANGE_H

#include <jansson.h>
#include <sys/queue.h>

#include "base/pool.h"
#include "call.h"
#include "cursor.h"
#include "event_id.h"
#include "event_store.h"
#include "mcp/server.h"
#include "rpc/message.h"
#include "session/mcp_session.h"

struct batch;

/* A list that is rendered once; see lists.h. */
/* What of a list differs: 2025-03-26 knows no titles, and the result of 2026-07-28 says more than its elements. */
enum list_form { LIST_2025_03_26, LIST_TITLED, LIST_MODERN, LIST_FORMS };

struct list {
	struct buf text[LIST_FORMS]; /* results */
	size_t *ends[LIST_FORMS];    /* where each element ends in it */
	size_t head_len;
	size_t n;
	const struct action *(*action_of)(const struct action_registry *registry, size_t index);
};

struct mcp_server {
	struct mcp_options options;
	const struct action_product *product;
	struct json_limits limits;
	struct buf server_info;	    /* {"name":...,"version":...,"title":...} */
	struct buf modern_tail;	    /* ,"resultType":"complete","_meta":{...}} : ends every modern result */
	struct buf discover;	    /* result of server/discover */
	struct buf initialize_tail; /* ,"capabilities":...} : ends every initialize result */
	struct list tools, prompts, templates;
	struct pool_shelf pools;			  /* of exchanges */
	LIST_HEAD(exchange_list, mcp_exchange) exchanges; /* all under way, those without a client too */
	LIST_HEAD(asking_list, asking) askings;		  /* legacy calls that wait for their client */
	struct session_now now;				  /* of the last message, frame or tick */
	uint64_t foreign_frames;			  /* that were no frames, or of another version */

	struct event_store *events;				     /* kept for a resume */
	LIST_HEAD(remote_stream_list, remote_stream) remote_streams; /* read through other workers */
	uint64_t last_cookie;					     /* of those */
	LIST_HEAD(watcher_list, watcher) watchers;		     /* GET streams, subscriptions */
	uint32_t n_watchers;
	uint32_t last_watcher;			  /* serial of the GET stream that was opened last */
	uint64_t undelivered;			  /* changes that a watcher was not told */
	uint64_t digests[FRAME_LISTS_COUNT];	  /* of what is offered */
	uint64_t told_digests[FRAME_LISTS_COUNT]; /* of another program beside us, as clients were told last */
	bool has_announced;
	bool is_retiring;
};

struct mcp_exchange {
	struct mcp_server *server;
	struct pool *pool; /* it lies in it */
	struct mcp_request request;
	struct mcp_channel channel;
	bool has_client;	     /* false after a hang-up: legacy calls go on all the same */
	char *kept_id;		     /* owned; what msg.id points to after a hang-up */
	struct mcp_exchange **owner; /* set to NULL at the end; NULL: nobody wants to know */
	struct batch *batch;	     /* owned; of an array of messages */
	struct rpc_message msg;
	struct json_view given; /* the parameters; JSON_VIEW_NONE for none */
	struct json_view meta;	/* _meta among them, likewise */
	json_t *params;		/* the same as a tree, see exchange_params(); NULL until somebody asks for it */
	enum mcp_protocol protocol;
	bool has_session;
	char session_id[MCP_SESSION_ID_LEN + 1]; /* of a new session, to be sent; or of the one this belongs to */
	bool send_session_id;
	struct mcp_session session;
	struct action_running *running;
	call_done_fn done;		/* call.c: what answers when it has ended */
	unsigned can;			/* kinds of questions that the client takes: enum action_question_kind */
	enum action_log_level log_from; /* what it wants to hear */
	char *progress_token;		/* owned, a raw token; NULL: it asked for no progress */
	bool has_progress;
	double progress_told;
	bool was_asked; /* inputResponses or requestState came */
	bool has_state; /* a good requestState came; `kept` is what it holds */
	json_t *kept;
	struct cursor page; /* resources/list: what is being listed */
	bool page_is_first;
	bool is_public; /* resources/read: of the row, and whether the URI named a login */
	bool uri_had_session;
	LIST_ENTRY(mcp_exchange) link;
	const char *method; /* constant; "" until known */
	const char *tool;
	int rpc_code;
	int fault_code;
	bool was_cancelled;
	uint32_t retry_after_s;	   /* with 429 */
	const char *missing_scope; /* while it is being answered; else NULL */

	bool is_get;
	uint32_t retry_ms;	      /* not 0: the client may come back after so long */
	struct stream *stream;	      /* that keeps what it says; NULL: none */
	struct stream *reads;	      /* a GET: the stream of this worker that it reads */
	struct remote_stream *remote; /* a GET: the stream of another worker that it reads; owned */
	struct watcher *watcher;      /* a GET stream or subscription; owned */
};

/* Both are borrowed parts of the exchange until it ends.  NULL without memory. */
struct mcp_exchange *exchange_new(struct mcp_server *server, const struct mcp_request *request,
				  const struct mcp_channel *channel);
void exchange_abandon(struct mcp_exchange *x); /* stops its work and frees it; the channel is not told */

bool exchange_is_modern(const struct mcp_exchange *x);

/* Fills in given and meta, for as long as what msg was read into.  -1 as rpc_params(). */
int exchange_view_params(struct mcp_exchange *x, struct rpc_fault *fault) MUST_CHECK;

/* The parameters as a tree, for what is not content with x->given.  Borrowed; NULL: no memory. */
json_t *exchange_params(struct mcp_exchange *x);

/*
 * The answer of a result (for modern exchanges: with resultType and all) that is put into `out` in between, at most
 * `max` bytes and usually no more than `usual`.  Closing answers, or tells our own shortage when `out` has failed, and
 * finishes it.
 */
void exchange_open_result(const struct mcp_exchange *x, struct buf *out, size_t usual, size_t max);
void exchange_close_result(struct mcp_exchange *x, struct buf *out);

/* The same of one whose JSON is ready. */
void exchange_answer_result(struct mcp_exchange *x, struct slice result);

/* A whole JSON-RPC message. */
void exchange_answer_message(struct mcp_exchange *x, int http_status, struct slice message);

/* A JSON-RPC error with the status of its code and era, or with a given status.  `fault` is finished. */
void exchange_answer_fault(struct mcp_exchange *x, struct rpc_fault *fault);
void exchange_answer_fault_with(struct mcp_exchange *x, int http_status, struct rpc_fault *fault);

/* -32602 with a text: what is wrong, then the cure. */
void exchange_answer_invalid(struct mcp_exchange *x, const char *text);

/* A result as a tree, taken; members that every modern result has are put behind it.  Too large or no memory: an error.
 */
void exchange_answer_tree(struct mcp_exchange *x, json_t *result);

/* No body: 202 for notifications and responses. */
void exchange_answer_empty(struct mcp_exchange *x, int http_status);

/*
 * A message before the answer.  ERR_CLOSED when the client takes none, else as mcp_channel.send().  What is kept for a
 * client that may come back (streams.h) counts as sent.
 */
int exchange_send(struct mcp_exchange *x, struct slice message);

/* From now on the id does not stand in the body, which goes with the client.  ERR_NOMEM. */
int exchange_keep_id(struct mcp_exchange *x) MUST_CHECK;

/* The client's connection is given free before the answer: it comes back for it after x->retry_ms. */
void exchange_dismiss_client(struct mcp_exchange *x);

/* The same where it can come back, else nothing. */
void exchange_let_go(struct mcp_exchange *x, uint32_t retry_ms);
bool exchange_can_let_go(const struct mcp_exchange *x);

/*
 * Stops a request of this session that another worker was told to cancel; its channel is answered empty, as when the
 * client had told this worker.
 */
void exchange_receive_cancel(struct mcp_server *server, const struct frame *frame);

/* If x is notifications/cancelled: stops what it names. */
void exchange_take_cancellation(struct mcp_exchange *x);

/* Our own shortage: -32603. */
void exchange_answer_shortage(struct mcp_exchange *x);

/* The eras.  Both take an exchange with msg and given filled and see to its answer. */
void modern_serve(struct mcp_exchange *x, struct json_view claim);
void legacy_serve(struct mcp_exchange *x);
void legacy_serve_set_level(struct mcp_exchange *x);

/* fills in session and protocol; or x has been answered, and it gives -1. */
int legacy_open_session(struct mcp_exchange *x) MUST_CHECK;
int legacy_delete(struct mcp_server *server, const struct mcp_request *request);

/* Tools, for both eras. */
int tools_render_lists(struct mcp_server *server) MUST_CHECK;
void tools_serve_list(struct mcp_exchange *x);
void tools_serve_call(struct mcp_exchange *x);

/* Prompts, resources, completions, for both eras. */
int prompts_render_lists(struct mcp_server *server) MUST_CHECK;
void prompts_serve_list(struct mcp_exchange *x);
void prompts_serve_get(struct mcp_exchange *x);
int resources_render_lists(struct mcp_server *server) MUST_CHECK;
void resources_serve_list(struct mcp_exchange *x);
void resources_serve_templates(struct mcp_exchange *x);
void resources_serve_read(struct mcp_exchange *x);
void completion_serve(struct mcp_exchange *x);

#endif
