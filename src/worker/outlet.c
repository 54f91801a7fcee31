#include "outlet.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/turn.h"

static void
break_output(struct outlet *outlet)
{
	outlet->is_broken = true;
	buf_fini(&outlet->waiting);
	event_del(outlet->write_event);
	if (outlet->hangup_event != NULL)
		event_del(outlet->hangup_event);
	outlet->on_broken(outlet->ctx);
}

/* Gives how many bytes went out, 0 when there is no room, -1 when nobody reads. */
static ssize_t
write_once(struct outlet *outlet, const struct iovec *parts, int n_parts)
{
	ssize_t n = writev(outlet->fd, parts, n_parts);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n;
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct outlet *outlet = ctx;
	const struct iovec part = {.iov_base = outlet->waiting.ptr, .iov_len = outlet->waiting.len};
	ssize_t n = write_once(outlet, &part, 1);

	turn_enter("standard output");
	(void)fd;
	(void)what;
	if (n < 0) {
		break_output(outlet);
		return;
	}
	buf_consume(&outlet->waiting, (size_t)n);
	if (outlet->waiting.len == 0) {
		buf_fini(&outlet->waiting);
		event_del(outlet->write_event);
	}
	outlet->on_less(outlet->ctx);
}

/* Keeps what did not go out.  A line that cannot be kept whole would spoil all that follow. */
static void
keep_rest(struct outlet *outlet, struct slice message, size_t written)
{
	if (written < message.len)
		buf_put_slice(&outlet->waiting, slice_sub(message, written, message.len));
	if (written <= message.len)
		buf_put_char(&outlet->waiting, '\n');
	if (outlet->waiting.failed != 0) {
		log_write(LOG_ERROR, "output_lost", LOG_STR("reason", err_name(outlet->waiting.failed)), LOG_END);
		break_output(outlet);
	} else if (outlet->waiting.len > 0) {
		event_add(outlet->write_event, NULL);
	}
}

void
outlet_write(struct outlet *outlet, struct slice message)
{
	union {
		const char *in;
		void *out;
	} bytes = {message.ptr}, end = {"\n"}; /* writev(2) changes nothing */
	const struct iovec parts[] = {{bytes.out, message.len}, {end.out, 1}};
	ssize_t n = 0;

	if (outlet->is_broken)
		return;
	if (outlet->waiting.len == 0)
		n = write_once(outlet, parts, ARRAY_LEN(parts));
	if (n < 0)
		break_output(outlet);
	else
		keep_rest(outlet, message, (size_t)n);
}

static void
on_hangup(evutil_socket_t fd, short what, void *ctx)
{
	turn_enter("standard output");
	(void)fd;
	(void)what;
	break_output(ctx);
}

/* The writing end of a pipe is never readable: poll(2) says so only when the last reader has gone. */
static int
watch_reader(struct outlet *outlet, struct event_base *base)
{
	struct stat st;

	if (fstat(outlet->fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return 0;
	outlet->hangup_event = event_new(base, outlet->fd, EV_READ, on_hangup, outlet);
	return outlet->hangup_event != NULL && event_add(outlet->hangup_event, NULL) == 0 ? 0 : ERR_NOMEM;
}

int
outlet_open(struct outlet *outlet, struct event_base *base, int fd)
{
	outlet->fd = fd;
	buf_init(&outlet->waiting, OUTLET_MAX);
	outlet->write_event = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, outlet);
	return outlet->write_event == NULL ? ERR_NOMEM : watch_reader(outlet, base);
}

void
outlet_close(struct outlet *outlet)
{
	if (outlet->write_event != NULL)
		event_free(outlet->write_event);
	if (outlet->hangup_event != NULL)
		event_free(outlet->hangup_event);
	outlet->write_event = outlet->hangup_event = NULL;
	buf_fini(&outlet->waiting);
}

size_t
outlet_waiting(const struct outlet *outlet)
{
	return outlet->waiting.len;
}
