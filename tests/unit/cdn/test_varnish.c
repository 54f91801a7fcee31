/*
 * What Varnish is asked, on how many machines, and what its answers mean.
 */
#include "cdn/varnish.h"

#include "cdn_stage.h"

static struct varnish varnish;
static char here[32], dead[32];
static const char *hosts[2];
static char names[400][32];
static const char *tags[400];
static size_t n_tags;

static void
use(struct stage *st)
{
	snprintf(here, sizeof(here), "127.0.0.1:%u", st->server.port);
	hosts[0] = here;
	varnish = (struct varnish){.fetch = st->fetch, .hosts = hosts, .n_hosts = 1, .timeout_ms = 5000};
	tags[0] = "cat_p_12";
	n_tags = 1;
}

static void
purge(struct stage *st)
{
	st->r = varnish_purge_tags(&varnish, tags, n_tags, st->results);
}

/* The value of the pattern header. */
static const char *
pattern_of(struct stage *st, unsigned i)
{
	char *at = strstr(st->heads[i], "\r\nX-Magento-Tags-Pattern: ");

	assert_non_null(at);
	at += strlen("\r\nX-Magento-Tags-Pattern: ");
	at[strcspn(at, "\r")] = '\0';
	return at;
}

static void
one_tag(void **state)
{
	struct stage *st = *state;

	use(st);
	stage_run(st, purge);
	assert_int_equal(st->r, 0);
	assert_true(st->results[0].ok);
	assert_int_equal(st->results[0].status, 200);
	assert_int_equal(st->n, 1);
	assert_ptr_equal(strstr(st->heads[0], "PURGE / HTTP/1.1\r\n"), st->heads[0]);
	assert_null(strcasestr(st->heads[0], "Content-Length"));
	assert_string_equal(st->bodies[0], "");
	assert_string_equal(pattern_of(st, 0), "((^|,)cat_p_12(,|$))");
}

static void
several_tags(void **state)
{
	struct stage *st = *state;

	use(st);
	tags[1] = "cat_c_p_3";
	n_tags = 2;
	stage_run(st, purge);
	assert_string_equal(pattern_of(st, 0), "((^|,)cat_p_12(,|$))|((^|,)cat_c_p_3(,|$))");
}

static void
long_lists_are_split(void **state)
{
	struct stage *st = *state;
	size_t seen = 0;

	use(st);
	for (n_tags = 0; n_tags < 400; n_tags++) {
		snprintf(names[n_tags], sizeof(names[0]), "cat_p_1000000%03zu", n_tags);
		tags[n_tags] = names[n_tags];
	}
	stage_run(st, purge);
	assert_true(st->results[0].ok);
	assert_in_range(st->n, 2, 3);
	for (unsigned i = 0; i < st->n; i++) {
		const char *pattern = pattern_of(st, i);

		assert_in_range(strlen(pattern), 20, VARNISH_PATTERN_MAX);
		for (const char *at = pattern; (at = strstr(at, "cat_p_")) != NULL; at++)
			seen++;
	}
	assert_int_equal(seen, 400);
}

static void
what_answers_mean(void **state)
{
	struct stage *st = *state;
	static const struct {
		int status;
		const char *text;
	} table[] = {
	    {405, "not in the acl `purge`"},	      {400, "does not know purging by tag"},
	    {404, "answered 404 instead of purging"}, {503, "answered 503 instead of purging"},
	    {302, "answered 302 instead of purging"},
	};

	use(st);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		st->n = 0;
		st->statuses[0] = table[i].status;
		stage_run(st, purge);
		assert_int_equal(st->r, 0);
		assert_false(st->results[0].ok);
		assert_int_equal(st->results[0].status, table[i].status);
		if (strstr(st->results[0].error, table[i].text) == NULL)
			fail_msg("%d: %s", table[i].status, st->results[0].error);
	}
}

static void
one_machine_is_down(void **state)
{
	struct stage *st = *state;

	use(st);
	snprintf(dead, sizeof(dead), "127.0.0.1:%u", stage_dead_port());
	hosts[0] = dead;
	hosts[1] = here;
	varnish.n_hosts = 2;
	for (n_tags = 0; n_tags < 400; n_tags++) {
		snprintf(names[n_tags], sizeof(names[0]), "cat_p_1000000%03zu", n_tags);
		tags[n_tags] = names[n_tags];
	}
	stage_run(st, purge);
	assert_int_equal(st->r, 0);
	assert_false(st->results[0].ok);
	assert_non_null(strstr(st->results[0].error, "cannot be reached"));
	assert_true(st->results[1].ok);
	assert_in_range(st->n, 2, 3); /* the living one got all of it */
}

/* The second of two pieces is refused: the host is not ok, and gets no third. */
static void
half_a_purge_is_none(void **state)
{
	struct stage *st = *state;

	use(st);
	for (n_tags = 0; n_tags < 400; n_tags++) {
		snprintf(names[n_tags], sizeof(names[0]), "cat_p_10000000000000000000%03zu", n_tags);
		tags[n_tags] = names[n_tags];
	}
	st->statuses[1] = 503;
	st->n_statuses = 2;
	stage_run(st, purge);
	assert_int_equal(st->n, 2);
	assert_false(st->results[0].ok);
	assert_int_equal(st->results[0].status, 503);
}

static void
only_tags_become_patterns(void **state)
{
	struct stage *st = *state;
	static const char *const bad[] = {
	    "",
	    ".*",
	    "a|b",
	    "cat p",
	    "a\r\nX: y",
	    "t\xc3\xa9",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	use(st);
	n_tags = 2;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		tags[1] = bad[i];
		stage_run(st, purge);
		assert_int_equal(st->r, ERR_INVALID);
	}
	assert_int_equal(st->n, 0);
}

static void
no_hosts(void **state)
{
	struct stage *st = *state;

	use(st);
	varnish.n_hosts = 0;
	stage_run(st, purge);
	assert_int_equal(st->r, 0);
	assert_int_equal(st->n, 0);
}

static void
cancelled(void **state)
{
	struct stage *st = *state;

	use(st);
	st->is_silent = true;
	stage_begin(st, purge);
	stage_run_requests(st, 1);
	fiber_cancel(st->fiber);
	assert_true(st->is_over);
	assert_int_equal(st->r, ERR_CANCELLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGE_TEST(one_tag),
	    STAGE_TEST(several_tags),
	    STAGE_TEST(long_lists_are_split),
	    STAGE_TEST(what_answers_mean),
	    STAGE_TEST(one_machine_is_down),
	    STAGE_TEST(half_a_purge_is_none),
	    STAGE_TEST(only_tags_become_patterns),
	    STAGE_TEST(no_hosts),
	    STAGE_TEST(cancelled),
	};

	return cmocka_run_group_tests_name("cdn/varnish", tests, NULL, NULL);
}
