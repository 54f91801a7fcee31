/*
 * event_stream.c - see event_stream.h
 */
#include "event_stream.h"

#include <string.h>

#include "admission.h"
#include "base/clock.h"
#include "http/sse.h"
#include "rpc/fault.h"
#include "worker_private.h"

#define FRAME_SLACK 128 /* retry, and the names of the fields */
#define COMMENT SLICE_LIT(":\n\n")
#define RETRY_AFTER_S 10
#define PULSE_COMMENTS 256 /* so that streams that were opened together do not hold up the loop together */

/* ---- the set ---- */

void
event_streams_init(struct event_streams *set)
{
	*set = (struct event_streams){.n_open = 0};
	TAILQ_INIT(&set->open);
}

/* The newest word goes to the end, so the front has been quiet the longest. */
static void
note_word(struct event_stream *stream)
{
	struct event_streams *set = &stream->worker->streams;

	TAILQ_REMOVE(&set->open, stream, link);
	stream->quiet_since_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(&set->open, stream, link);
}

static void
leave(struct event_stream *stream)
{
	struct event_streams *set = &stream->worker->streams;

	if (!stream->has_begun)
		return;
	TAILQ_REMOVE(&set->open, stream, link);
	set->n_open--;
	set->n_forsaken -= stream->is_forsaken ? 1 : 0;
	stream->has_begun = false;
}

/* Who has not read the last word yet needs no further one to know that the stream is there. */
static void
keep_open(struct event_stream *stream)
{
	if (!stream->is_broken && http_request_queued(stream->req) == 0 && http_stream_write(stream->req, COMMENT) < 0)
		stream->is_broken = true;
	note_word(stream);
}

void
event_streams_pulse(struct event_streams *set, uint64_t keepalive_ms, uint64_t now_ms)
{
	struct event_stream *stream = TAILQ_FIRST(&set->open);

	for (int i = 0; i < PULSE_COMMENTS && stream != NULL; i++) {
		if (stream->quiet_since_ms + keepalive_ms > now_ms)
			break;
		keep_open(stream);
		stream = TAILQ_FIRST(&set->open);
	}
}

/* The owner may do anything meanwhile, so each is looked for anew; there is hardly ever one. */
void
event_streams_sweep(struct event_streams *set, void (*on_closed)(void *ctx, struct http_request *req), void *ctx)
{
	while (set->n_forsaken > 0) {
		struct event_stream *stream = TAILQ_FIRST(&set->open);

		while (!stream->is_forsaken)
			stream = TAILQ_NEXT(stream, link);
		on_closed(ctx, stream->req);
	}
}

/* ---- one stream ---- */

void
event_stream_init(struct event_stream *stream, struct worker *worker, struct http_request *req,
		  const struct principal *principal, const char *request_id)
{
	*stream = (struct event_stream){.worker = worker, .req = req, .principal = principal, .request_id = request_id};
}

void
event_stream_fini(struct event_stream *stream)
{
	leave(stream);
	if (!stream->is_standing)
		return;
	admission_give(stream->worker, &stream->place, SHARE_STREAMS);
	stream->worker->streams.n_standing--;
	stream->is_standing = false;
}

static int
refuse_standing(const struct event_stream *stream, struct refusal *refusal_r, const struct refusal *why)
{
	*refusal_r = *why;
	refusal_r->retry_after_s = RETRY_AFTER_S;
	board_add(stream->worker->row, BOARD_STREAMS_REFUSED, 1);
	return -1;
}

int
event_stream_stand(struct event_stream *stream, struct refusal *refusal_r)
{
	static const struct refusal is_full = {
	    .status = 503,
	    .code = RPC_INTERNAL_ERROR,
	    .message = "The server holds as many event streams as it may. Try again later; the operator "
		       "can raise http.max_streams."};
	static const struct refusal has_enough = {
	    .status = 429,
	    .code = RPC_TOO_MANY,
	    .message = "You hold as many event streams as you may, or your address does. Close one first; the operator "
		       "can raise http.streams_per_principal or limits.streams_per_address."};
	struct event_streams *set = &stream->worker->streams;
	int r;

	if (set->n_standing >= stream->worker->config->http.max_streams)
		return refuse_standing(stream, refusal_r, &is_full);
	r = admission_take(stream->worker, stream->principal, stream->req->source, SHARE_STREAMS, &stream->place, NULL);
	if (r < 0)
		return refuse_standing(stream, refusal_r, r == ERR_LIMIT ? &has_enough : &is_full);
	stream->is_standing = true;
	set->n_standing++;
	return 0;
}

/* */
static void
put_fields(const struct event_stream *stream, const char *session_id, struct reply_fields *fields)
{
	*fields = (struct reply_fields){.n = 0};
	if (session_id != NULL)
		reply_add_field(fields, "Mcp-Session-Id", session_id);
	reply_add_field(fields, "X-Request-Id", stream->request_id);
	reply_add_field(fields, "Cache-Control", "no-store");
	reply_add_field(fields, "X-Accel-Buffering", "no");
	reply_add_cors(fields, stream->worker, stream->req);
}

/*
 * http/ tells of a client that went away.  Of an answer that it could not even begin, or that is over, it does not;
 * and the owner may be in the middle of something now: so the next sweep tells him.
 */
static void
forsake(struct event_stream *stream)
{
	if (http_request_is_closed(stream->req))
		return;
	stream->is_forsaken = true;
	stream->worker->streams.n_forsaken++;
}

static int
begin_with(struct event_stream *stream, const char *session_id, struct slice first)
{
	struct event_streams *set = &stream->worker->streams;
	struct http_answer answer = {.status = 200, .content_type = "text/event-stream", .body = first};
	struct reply_fields fields;
	int r;

	put_fields(stream, session_id, &fields);
	answer.fields = fields.items;
	answer.n_fields = fields.n;
	r = http_stream_begin(stream->req, &answer);
	stream->has_begun = true;
	stream->quiet_since_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(&set->open, stream, link);
	set->n_open++;
	board_add(stream->worker->row, BOARD_STREAMS_OPENED, 1);
	if (stream->req->head.method == HTTP_GET && http_head_has(&stream->req->head, HTTP_FIELD_LAST_EVENT_ID) > 0)
		board_add(stream->worker->row, BOARD_STREAMS_RESUMED, 1);
	if (r < 0) {
		stream->is_broken = true;
		forsake(stream);
	}
	return r;
}

/* Begins the stream with these bytes, or goes on with them. */
static int
put_bytes(struct event_stream *stream, struct slice bytes)
{
	int r;

	if (stream->is_broken)
		return ERR_CLOSED;
	if (!stream->has_begun)
		return begin_with(stream, NULL, bytes);
	r = http_stream_write(stream->req, bytes);
	stream->is_broken = r < 0;
	note_word(stream);
	return r;
}

/* "retry" stands alone: a client takes it at once, with or without an event behind it.  The caller frees *out. */
static int
frame(const struct mcp_event *event, struct buf *out)
{
	int r = 0;

	buf_init(out, event->id.len + event->data.len + FRAME_SLACK);
	if (event->retry_ms > 0)
		r = http_sse_put_retry(out, event->retry_ms);
	if (r == 0 && (event->id.len > 0 || event->data.len > 0))
		r = http_sse_put_event(out, event->id, event->data);
	return r;
}

static void
count_event(struct event_stream *stream, size_t bytes)
{
	stream->n_events++;
	stream->bytes += bytes;
	board_add(stream->worker->row, BOARD_EVENTS_SENT, 1);
}

int
event_stream_begin(struct event_stream *stream)
{
	return stream->has_begun ? 0 : put_bytes(stream, COMMENT);
}

/* What cannot be framed is lost, and with it the sense of what follows: the stream is given up. */
static int
give_up(struct event_stream *stream, int reason)
{
	if (!stream->has_begun)
		(void)begin_with(stream, NULL, SLICE_NONE);
	if (!stream->is_broken) {
		stream->is_broken = true;
		(void)http_stream_end(stream->req, SLICE_NONE);
		forsake(stream);
	}
	return reason;
}

int
event_stream_send(struct event_stream *stream, const struct mcp_event *event)
{
	struct buf out;
	int r;

	if (stream->is_broken)
		return ERR_CLOSED;
	r = frame(event, &out);
	r = r < 0 ? give_up(stream, r) : put_bytes(stream, buf_slice(&out));
	if (r == 0)
		count_event(stream, out.len);
	buf_fini(&out);
	return r;
}

void
event_stream_end(struct event_stream *stream, const struct mcp_answer *answer)
{
	struct mcp_event last = {.id = answer->event_id, .data = answer->body, .retry_ms = answer->retry_ms};
	struct buf out;

	if (answer->body.len == 0)
		last.id = SLICE_NONE;
	if (frame(&last, &out) < 0)
		buf_clear(&out);
	if (!stream->has_begun)
		(void)begin_with(stream, answer->session_id, SLICE_NONE);
	if (stream->is_standing && !stream->is_broken)
		http_stream_leave_lame(stream->req);
	if (!stream->is_broken && http_stream_end(stream->req, buf_slice(&out)) == 0 && answer->body.len > 0)
		count_event(stream, out.len);
	stream->is_broken = true;
	buf_fini(&out);
}
