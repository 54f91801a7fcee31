/*
 * alloc_login.c - logins, sessions, quotas and tokens allocate nothing of their own: they work while memory is out
 *
 * What libcrypto allocates is made to fail through its own hooks.  It keeps some of it for the life of the process
 * (its cache of ciphers, its error queue) and replaces an entry now and then, so its blocks are not held against a
 * single run; a second series of runs must leave as many as the first did, which a context that we lost would not.
 */
#include "stage.h"

#include <openssl/crypto.h>

#include "session/login.h"
#include "session/mcp_session.h"
#include "session/quota.h"
#include "session/token.h"
#include "torture.h"

static int
log_in_and_out(void *ctx)
{
	struct stage *st = ctx;
	char handle[SESSION_HANDLE_CAP];
	struct login_credentials credentials;
	struct login login, copy;
	struct login_ref ref;
	int r;

	memset(&credentials, 0, sizeof(credentials));
	memset(&login, 0, sizeof(login));
	login.credentials = &credentials;
	pool_reset(st->pool);
	strcpy(login.principal, "alice");
	login.method = LOGIN_INTEGRATION_TOKEN;
	if (secret_set(&credentials.bearer, SLICE_LIT("token")) < 0)
		return ERR_INVALID;
	r = login_create(&st->s, &login, at(0), handle, &ref, NULL, &st->err);
	if (r < 0)
		return r;
	r = login_use(&st->s, ALICE, ref, at(1), st->pool, &copy);
	if (r == ERR_NOT_FOUND)
		return 1; /* out of memory must not look like logged out */
	if (login_destroy(&st->s, ALICE, ref, at(2)) != 0)
		return 1;
	return r;
}

static int
renew_token(void *ctx)
{
	struct stage *st = ctx;
	struct token token;
	int r;

	r = token_acquire(&st->s, SLICE_LIT("n"), at(0), &token);
	if (r < 0)
		return r;
	if (r == TOKEN_RENEW) {
		r = token_store(&st->s, SLICE_LIT("n"), at(0), token.fence, SLICE_LIT("bearer"), WALL_MS + HOUR);
		if (r < 0)
			token_fail(&st->s, SLICE_LIT("n"), at(0), token.fence, false);
		if (r < 0)
			return r;
	}
	r = token_acquire(&st->s, SLICE_LIT("n"), at(1), &token);
	if (r == TOKEN_USE)
		token_invalidate(&st->s, SLICE_LIT("n"), at(2), token.version);
	return r;
}

void *__real_malloc(size_t size);
void *__real_realloc(void *ptr, size_t size);
void __real_free(void *ptr);

static long crypto_blocks;

/* Asks the torturer whether this one fails, and leaves nothing in his books. */
static bool
may_allocate(void)
{
	void *probe = torture_malloc(1);

	torture_free(probe);
	return probe != NULL;
}

static void *
crypto_malloc(size_t size, const char *file, int line)
{
	void *ptr = NULL;

	(void)file;
	(void)line;
	if (size > 0 && may_allocate())
		ptr = __real_malloc(size);
	crypto_blocks += ptr != NULL;
	return ptr;
}

static void
crypto_free(void *ptr, const char *file, int line)
{
	(void)file;
	(void)line;
	crypto_blocks -= ptr != NULL;
	__real_free(ptr);
}

static void *
crypto_realloc(void *ptr, size_t size, const char *file, int line)
{
	if (ptr == NULL)
		return crypto_malloc(size, file, line);
	if (size == 0) {
		crypto_free(ptr, file, line);
		return NULL;
	}
	return may_allocate() ? __real_realloc(ptr, size) : NULL;
}

static void
torture_twice(const char *name, int (*scenario)(void *ctx), struct stage *st)
{
	long blocks;

	torture(name, scenario, st);
	assert_true(torture_failures() > 0);
	blocks = crypto_blocks;
	torture(name, scenario, st);
	assert_int_equal(crypto_blocks, blocks);
}

static void
test_shortage(void **state)
{
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	torture_twice("log in and out", log_in_and_out, &st);
	assert_int_equal(table_count(st.tab, TABLE_LOGIN), 0);
	torture_twice("renew a token", renew_token, &st);
	stage_fini(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shortage),
	};

	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
