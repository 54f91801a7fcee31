/*
 * varnish.c - PURGE with a pattern of tags, to every machine
 */
#include "cdn/varnish.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "outcome.h"

#define TAG_MAX 100
#define URL_MAX_BYTES 600

/* ---- The pattern ---- */

/* Nothing that a regular expression or a list of tags would read otherwise. */
static bool
is_tag(const char *tag)
{
	size_t len = strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return len > 0 && len <= TAG_MAX && tag[len] == '\0';
}

/* Puts as many of the tags as the header holds, at least one; gives how many. */
static size_t
put_pattern(struct buf *out, const char *const *tags, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		size_t before = out->len;

		buf_printf(out, "%s((^|,)%s(,|$))", i > 0 ? "|" : "", tags[i]);
		if (out->len > VARNISH_PATTERN_MAX && i > 0) {
			buf_truncate(out, before);
			break;
		}
	}
	return i;
}

/* ---- Meaning ---- */

static void
interpret(struct cdn_result *result, const struct fetch_reply *reply)
{
	if (reply->outcome != FETCH_OK) {
		outcome_transport(result, reply, "Varnish");
		return;
	}
	switch (reply->status) {
	case 200:
		result->status = 200;
		break;
	case 405:
		outcome_fail(result, 405,
			     "Varnish refused (405): the address of this server is not in the acl `purge` of its VCL. "
			     "Add it there.");
		break;
	case 400:
		outcome_fail(result, 400,
			     "Varnish does not know purging by tag (400): its VCL is not Magento's. Use the VCL that "
			     "Magento exports.");
		break;
	default:
		outcome_fail(result, reply->status,
			     "Varnish answered %d instead of purging. Is there another server at this address?",
			     reply->status);
	}
}

/* ---- Requests ---- */

/* The machines that have not failed yet, side by side. */
struct round {
	struct fetch_request *requests;
	struct fetch_reply *replies;
	struct buf *urls;
	size_t *who; /* index of the host */
	size_t n;
};

static void
round_fini(struct round *round)
{
	free(round->requests);
	free(round->replies);
	free(round->urls);
	free(round->who);
}

static int
round_init(struct round *round, size_t n_hosts)
{
	*round = (struct round){
	    .requests = calloc(n_hosts, sizeof(*round->requests)),
	    .replies = calloc(n_hosts, sizeof(*round->replies)),
	    .urls = calloc(n_hosts, sizeof(*round->urls)),
	    .who = calloc(n_hosts, sizeof(*round->who)),
	};
	if (round->requests != NULL && round->replies != NULL && round->urls != NULL && round->who != NULL)
		return 0;
	round_fini(round);
	return ERR_NOMEM;
}

static int
round_add(struct round *round, const struct varnish *varnish, size_t host, const struct fetch_header *header)
{
	size_t i = round->n++;

	fetch_reply_init(&round->replies[i]);
	buf_init(&round->urls[i], URL_MAX_BYTES);
	round->who[i] = host;
	buf_printf(&round->urls[i], "http://%s/", varnish->hosts[host]);
	round->requests[i] = (struct fetch_request){
	    .method = FETCH_PURGE,
	    .url = buf_cstr(&round->urls[i]),
	    .headers = header,
	    .n_headers = 1,
	    .timeout_ms = varnish->timeout_ms,
	    .max_reply_bytes = OUTCOME_REPLY_MAX,
	};
	return round->urls[i].failed;
}

/* One pattern to all. */
static int
purge_pattern(const struct varnish *varnish, struct round *round, const char *pattern, struct cdn_result *results)
{
	const struct fetch_header header = {"X-Magento-Tags-Pattern", pattern};
	int r = 0;

	round->n = 0;
	for (size_t i = 0; r == 0 && i < varnish->n_hosts; i++) {
		if (results[i].ok)
			r = round_add(round, varnish, i, &header);
	}
	if (r == 0)
		r = fetch_wait(varnish->fetch, round->requests, round->n, round->replies);
	for (size_t i = 0; i < round->n; i++) {
		if (r == 0)
			interpret(&results[round->who[i]], &round->replies[i]);
		fetch_reply_fini(&round->replies[i]);
		buf_fini(&round->urls[i]);
	}
	return r;
}

int
varnish_purge_tags(const struct varnish *varnish, const char *const *tags, size_t n, struct cdn_result *results_r)
{
	struct round round;
	struct buf pattern;
	int r;

	for (size_t i = 0; i < n; i++) {
		if (!is_tag(tags[i]))
			return ERR_INVALID;
	}
	for (size_t i = 0; i < varnish->n_hosts; i++)
		outcome_init(&results_r[i]);
	if (varnish->n_hosts == 0)
		return 0;
	r = round_init(&round, varnish->n_hosts);
	if (r < 0)
		return r;
	buf_init(&pattern, VARNISH_PATTERN_MAX + TAG_MAX + 16);
	for (size_t at = 0; r == 0 && at < n;) {
		buf_clear(&pattern);
		at += put_pattern(&pattern, tags + at, n - at);
		r = pattern.failed != 0 ? pattern.failed
					: purge_pattern(varnish, &round, buf_cstr(&pattern), results_r);
	}
	buf_fini(&pattern);
	round_fini(&round);
	return r;
}
