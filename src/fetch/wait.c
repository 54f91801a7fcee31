/*
 * wait.c - requests from straight-line code: one latch for all of them
 */
#include <stdlib.h>

#include "base/fiber.h"
#include "fetch/fetch.h"

struct group;

struct member {
	struct group *group;
	struct fetch_job *job; /* NULL once it is over */
	struct fetch_reply *reply;
};

struct group {
	struct fiber_wait wait;
	size_t left;
	size_t n;
	struct member *members;
};

static void
on_done(void *ctx, struct fetch_reply *reply)
{
	struct member *member = ctx;
	struct group *group = member->group;

	member->job = NULL;
	fetch_reply_fini(member->reply);
	*member->reply = *reply;
	buf_init(&reply->body, 0);
	group->left--;
	if (group->left == 0)
		fiber_wait_done(&group->wait);
}

static void
stop_all(void *ctx)
{
	struct group *group = ctx;
	size_t i;

	for (i = 0; i < group->n; i++)
		fetch_cancel(&group->members[i].job);
}

static int
start_all(struct fetch *fetch, const struct fetch_request *requests, struct fetch_reply *replies, struct group *group)
{
	struct member *member;
	size_t i;
	int r;

	for (i = 0; i < group->n; i++) {
		member = &group->members[i];
		member->group = group;
		member->reply = &replies[i];
		r = fetch_start(fetch, &requests[i], on_done, member, &member->job);
		if (r < 0)
			return r;
	}
	return 0;
}

int
fetch_wait(struct fetch *fetch, const struct fetch_request *requests, size_t n, struct fetch_reply *replies)
{
	struct group group = {.n = n, .left = n};
	size_t i;
	int r;

	if (n == 0)
		return 0;
	if (fiber_is_cancelled(fiber_current()))
		return ERR_CANCELLED;
	group.members = calloc(n, sizeof(*group.members));
	if (group.members == NULL)
		return ERR_NOMEM;
	fiber_wait_init(&group.wait, stop_all, &group);
	r = start_all(fetch, requests, replies, &group);
	if (r == 0)
		r = fiber_wait_for(&group.wait);
	if (r < 0) {
		stop_all(&group);
		for (i = 0; i < n; i++)
			fetch_reply_fini(&replies[i]);
	}
	free(group.members);
	return r;
}
