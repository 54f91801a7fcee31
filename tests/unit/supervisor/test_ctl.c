/*
 * test_ctl.c - the control protocol over a socketpair
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/ctl.h"

struct fixture {
	struct ctl ctl;
	int peer;
	char got[300000];
	struct ctl_request seen;
	int n_seen;
	const char *body;
	enum ctl_wait wait;
};

static void
handle(void *ctx, struct ctl_client *client, const struct ctl_request *request)
{
	struct fixture *f = ctx;

	f->seen = *request;
	f->n_seen++;
	if (f->wait != CTL_WAIT_NONE)
		client->wait = f->wait;
	else
		ctl_answer(client, true, "", slice_from_str(f->body));
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	if (f == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	f->body = "";
	ctl_init(&f->ctl, handle, f);
	ctl_take(&f->ctl, pair[0], 1000);
	f->peer = pair[1];
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	ctl_fini(&f->ctl);
	fd_close(&f->peer);
	free(f);
	return 0;
}

static void
say(struct fixture *f, const char *text)
{
	assert_int_equal(send(f->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	ctl_client_turn(&f->ctl, &f->ctl.clients[0], 1000);
}

/* All that came until EOF; NULL when the connection is still open. */
static const char *
hear(struct fixture *f)
{
	size_t len = 0;
	ssize_t n;

	for (;;) {
		n = recv(f->peer, f->got + len, sizeof(f->got) - 1 - len, 0);
		if (n < 0 && f->ctl.clients[0].fd >= 0 && f->ctl.clients[0].is_answered) {
			ctl_client_turn(&f->ctl, &f->ctl.clients[0], 1000);
			continue;
		}
		if (n < 0)
			return NULL;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	f->got[len] = '\0';
	return f->got;
}

/* ---- Parsing ---- */

struct row {
	const char *line;
	int result;
	struct ctl_request request;
};

static void
lines_mean_what_they_say(void **state)
{
	static const struct row rows[] = {
	    {"status", 0, {CTL_STATUS, false, false}},
	    {"status json", 0, {CTL_STATUS, true, false}},
	    {"  status   json  ", 0, {CTL_STATUS, true, false}},
	    {"reload", 0, {CTL_RELOAD, false, false}},
	    {"reload wait", 0, {CTL_RELOAD, false, true}},
	    {"stop", 0, {CTL_STOP, false, false}},
	    {"stop wait", 0, {CTL_STOP, false, true}},
	    {"drain", 0, {CTL_DRAIN, false, false}},
	    {"reopen", 0, {CTL_REOPEN, false, false}},
	    {"", ERR_INVALID, {0}},
	    {"Status", ERR_INVALID, {0}},
	    {"status wait", ERR_INVALID, {0}},
	    {"reload json", ERR_INVALID, {0}},
	    {"reload wait wait", ERR_INVALID, {0}},
	    {"drain wait", ERR_INVALID, {0}},
	    {"stopp", ERR_INVALID, {0}},
	    {"upgrade", 0, {CTL_UPGRADE, false, false}},
	    {"upgrade wait", 0, {CTL_UPGRADE, false, true}},
	};
	struct ctl_request request;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(ctl_parse(slice_from_str(rows[i].line), &request, &err), rows[i].result);
		if (rows[i].result != 0)
			continue;
		assert_int_equal(request.verb, rows[i].request.verb);
		assert_int_equal(request.json, rows[i].request.json);
		assert_int_equal(request.wait, rows[i].request.wait);
	}
}

/* ---- Talking ---- */

static void
answer_is_ok_and_body_until_eof(void **state)
{
	struct fixture *f = *state;

	f->body = "one\ntwo\n";
	say(f, "status json\n");
	assert_string_equal(hear(f), "OK\none\ntwo\n");
	assert_int_equal(f->seen.verb, CTL_STATUS);
	assert_true(f->seen.json);
	assert_int_equal(f->ctl.clients[0].fd, -1);
}

static void
request_may_come_in_pieces(void **state)
{
	struct fixture *f = *state;

	say(f, "sta");
	assert_null(hear(f));
	assert_int_equal(f->n_seen, 0);
	say(f, "tus\r");
	say(f, "\n");
	assert_string_equal(hear(f), "OK\n");
	assert_int_equal(f->n_seen, 1);
}

static void
nonsense_is_answered_with_an_error(void **state)
{
	struct fixture *f = *state;

	say(f, "GET / HTTP/1.1\r\n");
	assert_int_equal(strncmp(hear(f), "ERROR unknown request", 21), 0);
	assert_int_equal(f->n_seen, 0);
}

static void
endless_request_is_refused(void **state)
{
	struct fixture *f = *state;
	char line[CTL_LINE_MAX + 2];
	int i;

	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_true(send(f->peer, line, sizeof(line) - 1, 0) > 0);
	for (i = 0; i < 4 && f->ctl.clients[0].fd >= 0; i++)
		ctl_client_turn(&f->ctl, &f->ctl.clients[0], 1000);
	/* The rest of the request was not read, so the close may be a reset: the answer came before it. */
	assert_int_equal(f->ctl.clients[0].fd, -1);
	assert_true(recv(f->peer, f->got, sizeof(f->got), 0) > 0);
	assert_int_equal(strncmp(f->got, "ERROR the request is too long", 29), 0);
	assert_int_equal(f->n_seen, 0);
}

static void
silent_client_is_dropped_in_time(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ctl_next_deadline(&f->ctl), 1000 + CTL_IDLE_MS);
	ctl_expire(&f->ctl, 1000 + CTL_IDLE_MS - 1);
	assert_true(f->ctl.clients[0].fd >= 0);
	ctl_expire(&f->ctl, 1000 + CTL_IDLE_MS);
	assert_string_equal(hear(f), "");
	assert_int_equal(ctl_next_deadline(&f->ctl), UINT64_MAX);
}

static void
waiting_client_has_no_deadline_and_gets_its_answer(void **state)
{
	struct fixture *f = *state;

	f->wait = CTL_WAIT_RELOAD;
	say(f, "reload wait\n");
	assert_null(hear(f));
	assert_int_equal(ctl_next_deadline(&f->ctl), UINT64_MAX);
	ctl_expire(&f->ctl, UINT64_MAX - 1);
	ctl_answer_waiting(&f->ctl, CTL_WAIT_STOP, true, "", SLICE_NONE, 2000);
	assert_null(hear(f));
	ctl_answer_waiting(&f->ctl, CTL_WAIT_RELOAD, false, "line 3: no such key\nsecond line", SLICE_NONE, 2000);
	assert_string_equal(hear(f), "ERROR line 3: no such key\n");
}

static void
later_reload_answers_only_after_promotion(void **state)
{
	struct fixture *f = *state;

	f->wait = CTL_WAIT_NEXT;
	say(f, "reload wait\n");
	ctl_answer_waiting(&f->ctl, CTL_WAIT_RELOAD, true, "", SLICE_NONE, 2000);
	assert_null(hear(f));
	ctl_promote_waiting(&f->ctl);
	ctl_answer_waiting(&f->ctl, CTL_WAIT_RELOAD, true, "", SLICE_NONE, 2000);
	assert_string_equal(hear(f), "OK\n");
}

static void
waiting_client_that_leaves_is_forgotten(void **state)
{
	struct fixture *f = *state;

	f->wait = CTL_WAIT_RELOAD;
	say(f, "reload wait\n");
	fd_close(&f->peer);
	ctl_client_turn(&f->ctl, &f->ctl.clients[0], 1000); /* POLLIN: EOF */
	ctl_client_turn(&f->ctl, &f->ctl.clients[0], 1000); /* POLLHUP */
	assert_int_equal(f->ctl.clients[0].fd, -1);
	ctl_answer_waiting(&f->ctl, CTL_WAIT_RELOAD, true, "", SLICE_NONE, 2000);
}

/* As `printf 'reload wait' | nc -N -U PATH` does. */
static void
half_closed_client_still_gets_its_answer(void **state)
{
	struct fixture *f = *state;

	f->wait = CTL_WAIT_RELOAD;
	assert_int_equal(send(f->peer, "reload wait", 11, 0), 11);
	assert_int_equal(shutdown(f->peer, SHUT_WR), 0);
	ctl_client_turn(&f->ctl, &f->ctl.clients[0], 1000);
	assert_int_equal(f->n_seen, 0);
	ctl_client_turn(&f->ctl, &f->ctl.clients[0], 1000);
	assert_int_equal(f->n_seen, 1);
	assert_int_equal(ctl_client_events(&f->ctl.clients[0]), 0);
	ctl_answer_waiting(&f->ctl, CTL_WAIT_RELOAD, true, "", SLICE_NONE, 2000);
	assert_string_equal(hear(f), "OK\n");
}

static void
client_that_says_nothing_and_leaves_is_forgotten(void **state)
{
	struct fixture *f = *state;

	fd_close(&f->peer);
	ctl_client_turn(&f->ctl, &f->ctl.clients[0], 1000);
	assert_int_equal(f->ctl.clients[0].fd, -1);
	assert_int_equal(f->n_seen, 0);
}

/* A reader slower than the answer is long: nothing blocks, nothing is lost. */
static void
long_answer_goes_out_as_it_is_read(void **state)
{
	struct fixture *f = *state;
	char *body = malloc(CTL_REPLY_MAX - 10);
	int small = 4096;

	assert_non_null(body);
	memset(body, 'b', CTL_REPLY_MAX - 11);
	body[CTL_REPLY_MAX - 11] = '\0';
	assert_int_equal(setsockopt(f->ctl.clients[0].fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	f->body = body;
	say(f, "status\n");
	assert_true(f->ctl.clients[0].fd >= 0);
	assert_int_equal(ctl_client_events(&f->ctl.clients[0]), POLLOUT);
	assert_int_equal(strlen(hear(f)), 3 + CTL_REPLY_MAX - 11);
	free(body);
}

static void
ninth_client_is_turned_away(void **state)
{
	struct fixture *f = *state;
	int peers[CTL_CLIENTS_MAX][2];
	char text[64] = "";
	int i;

	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, peers[i]), 0);
		ctl_take(&f->ctl, peers[i][0], 1000);
	}
	assert_true(recv(peers[CTL_CLIENTS_MAX - 1][1], text, sizeof(text) - 1, 0) > 0);
	assert_int_equal(strncmp(text, "ERROR too many", 14), 0);
	assert_int_equal(recv(peers[CTL_CLIENTS_MAX - 2][1], text, sizeof(text), 0), -1); /* the eighth is served */
	for (i = 0; i < CTL_CLIENTS_MAX; i++)
		fd_close(&peers[i][1]);
}

static void
real_socket_is_private_exclusive_and_removed(void **state)
{
	struct fixture *f = *state;
	struct ctl other;
	struct stat st;
	char path[64];
	struct err err;

	(void)snprintf(path, sizeof(path), "/tmp/test_ctl.%d", (int)getpid());
	assert_int_equal(ctl_listen(&f->ctl, path, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	ctl_init(&other, handle, f);
	assert_int_equal(ctl_listen(&other, path, &err), ERR_EXISTS);
	assert_non_null(strstr(err.text, "another server is running"));
	ctl_fini(&other);
	assert_int_equal(stat(path, &st), 0); /* the loser removes nothing */
	ctl_fini(&f->ctl);
	assert_int_equal(stat(path, &st), -1);
}

#define TALK(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_mean_what_they_say),
	    TALK(answer_is_ok_and_body_until_eof),
	    TALK(request_may_come_in_pieces),
	    TALK(nonsense_is_answered_with_an_error),
	    TALK(endless_request_is_refused),
	    TALK(silent_client_is_dropped_in_time),
	    TALK(waiting_client_has_no_deadline_and_gets_its_answer),
	    TALK(later_reload_answers_only_after_promotion),
	    TALK(waiting_client_that_leaves_is_forgotten),
	    TALK(half_closed_client_still_gets_its_answer),
	    TALK(client_that_says_nothing_and_leaves_is_forgotten),
	    TALK(long_answer_goes_out_as_it_is_read),
	    TALK(ninth_client_is_turned_away),
	    TALK(real_socket_is_private_exclusive_and_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
