/*
 * test_oauth.c - callers with access tokens: who they are, what is remembered, when it is forgotten, what they are told
 */
#include "auth/auth.h"
#include "auth/token.h"
#include "keyring.h"

#define NOW_S 1800000000ull
#define ISSUER "https://login.example.com"
#define RESOURCE "https://mcp.example.com/mcp"
#define METADATA "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"

static const char *const offered[] = {"catalog:read", "seo:read"};

struct gatehouse {
	char hash[TOKEN_SHA256_HEX_LEN + 1];
	struct config_principal robot;
	struct config config;
	json_t *key;
	struct auth *auth;
};

static void
take_keys(struct gatehouse *g, const json_t *key)
{
	char *text = keyring_set(json_pack("[o]", keyring_public(key)));
	struct err err;

	assert_int_equal(auth_take_keys(g->auth, slice_from_str(text), &err), 0);
	free(text);
}

static int
open_gate(void **state)
{
	struct gatehouse *g = calloc(1, sizeof(*g));

	token_sha256_hex(NULL, SLICE_LIT("mmcp_robot"), g->hash);
	g->robot = (struct config_principal){.name = "robot", .token_sha256 = g->hash};
	g->config = (struct config){
	    .server = {.name = "Shop desk"},
	    .auth = {.mode = CONFIG_AUTH_OAUTH,
		     .issuer = ISSUER,
		     .resource = RESOURCE,
		     .scopes_claim = "scope",
		     .scopes = {offered, 2}},
	    .principals = &g->robot,
	    .n_principals = 1,
	};
	g->key = keyring_generate("{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e1\"}");
	g->auth = auth_new(&g->config);
	assert_non_null(g->auth);
	*state = g;
	return 0;
}

static int
close_gate(void **state)
{
	struct gatehouse *g = *state;

	auth_free(&g->auth);
	json_decref(g->key);
	free(g);
	return 0;
}

static char *
token_for(const struct gatehouse *g, const char *subject, const char *scope, uint64_t expires_s)
{
	return keyring_sign(json_pack("{s:s, s:s}", "alg", "ES256", "kid", "e1"),
			    json_pack("{s:s, s:s, s:s, s:s, s:I}", "iss", ISSUER, "aud", RESOURCE, "sub", subject,
				      "scope", scope, "exp", (json_int_t)expires_s),
			    g->key);
}

static struct auth_verdict
judge(struct gatehouse *g, const char *token, uint64_t now_s)
{
	struct auth_verdict verdict;
	char *field = NULL;

	assert_true(asprintf(&field, "Bearer %s", token) > 0);
	verdict = auth_judge(
	    g->auth, &(struct auth_input){.authorization = slice_from_str(field), .n_authorization = 1}, now_s * 1000);
	free(field);
	return verdict;
}

/* Without keys it is not the caller's fault: no 401, no challenge. */
static void
before_the_keys_nobody_is_judged(void **state)
{
	struct gatehouse *g = *state;
	char *token = token_for(g, "amy", "", NOW_S + 60);
	struct auth_verdict v = judge(g, token, NOW_S);

	assert_null(v.principal);
	assert_int_equal(v.status, 503);
	assert_null(v.challenge);
	assert_true(v.wants_keys);
	take_keys(g, g->key);
	v = judge(g, token, NOW_S);
	assert_non_null(v.principal);
	assert_false(v.wants_keys);
	principal_release(&v.principal);
	assert_null(v.principal);
	free(token);
}

static void
a_token_names_its_caller_and_his_rights(void **state)
{
	struct gatehouse *g = *state;
	char *token = token_for(g, "amy", "openid catalog:write main/pricing:*", NOW_S + 60);
	struct auth_verdict v;

	take_keys(g, g->key);
	v = judge(g, token, NOW_S);
	assert_string_equal(v.principal->name, "oauth:amy");
	assert_true(v.principal->by_token);
	assert_true(principal_has_scope(v.principal, "catalog:read", NULL));
	assert_true(principal_has_scope(v.principal, "pricing:write", "main"));
	assert_false(principal_has_scope(v.principal, "pricing:write", "outlet"));
	assert_false(principal_has_scope(v.principal, "cms:read", "main"));
	assert_true(principal_may_use_store(v.principal, "outlet"));
	principal_release(&v.principal);
	free(token);
}

/* No scope is no right: the empty list of a configured principal means the opposite. */
static void
a_token_without_scopes_has_no_rights(void **state)
{
	struct gatehouse *g = *state;
	char *token = token_for(g, "amy", "", NOW_S + 60);
	struct auth_verdict v;

	take_keys(g, g->key);
	v = judge(g, token, NOW_S);
	assert_false(principal_has_scope(v.principal, "scope:read", "main"));
	assert_true(principal_has_scope(v.principal, NULL, NULL));
	principal_release(&v.principal);
	free(token);
}

/* Whatever a subject is, its name is plain, bounded, its own, and nobody's from the configuration. */
static void
strange_subjects_get_names(void **state)
{
	static const char *const subjects[] = {
	    "auth0|5f7c8ec7c33c6c004bbafe82",
	    "~x",
	    "a b",
	    "\xc3\xa9",
	    "line\nbreak",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "robot"};
	char names[ARRAY_LEN(subjects)][PRINCIPAL_NAME_MAX + 1];
	struct gatehouse *g = *state;

	take_keys(g, g->key);
	for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
		char *token = token_for(g, subjects[i], "", NOW_S + 60);
		struct auth_verdict v = judge(g, token, NOW_S);

		assert_non_null(v.principal);
		assert_memory_equal(v.principal->name, "oauth:", 6);
		snprintf(names[i], sizeof(names[i]), "%s", v.principal->name);
		for (const char *c = names[i]; *c != '\0'; c++)
			assert_true(*c > ' ' && *c <= '~' && *c != '|');
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(names[i], names[other]);
		principal_release(&v.principal);
		free(token);
	}
}

static void
a_remembered_token_expires(void **state)
{
	struct gatehouse *g = *state;
	char *token = token_for(g, "amy", "", NOW_S + 60);
	struct auth_verdict v;

	take_keys(g, g->key);
	v = judge(g, token, NOW_S);
	principal_release(&v.principal);
	v = judge(g, token, NOW_S + 119);
	assert_non_null(v.principal);
	principal_release(&v.principal);
	for (int i = 0; i < 2; i++) { /* remembered, then afresh */
		v = judge(g, token, NOW_S + 120);
		assert_null(v.principal);
		assert_int_equal(v.status, 401);
		assert_non_null(strstr(v.challenge, "error=\"invalid_token\""));
	}
	free(token);
}

/* The same keys again change nothing; other keys make what is remembered worthless, not what is held. */
static void
new_keys_are_a_new_judgement(void **state)
{
	struct gatehouse *g = *state;
	json_t *other = keyring_generate("{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e2\"}");
	char *token = token_for(g, "amy", "seo:read", NOW_S + 60);
	const struct principal *first;
	struct auth_verdict v;

	take_keys(g, g->key);
	first = judge(g, token, NOW_S).principal;
	take_keys(g, g->key);
	v = judge(g, token, NOW_S);
	assert_ptr_equal(v.principal, first);
	principal_release(&v.principal);
	take_keys(g, other);
	v = judge(g, token, NOW_S);
	assert_null(v.principal);
	assert_int_equal(v.status, 401);
	assert_true(v.wants_keys); /* the issuer may have turned to yet another key */
	assert_string_equal(first->name, "oauth:amy");
	assert_true(principal_has_scope(first, "seo:read", NULL));
	principal_release(&first);
	json_decref(other);
	free(token);
}

/* More tokens than are remembered: all are judged rightly, memory stays (the leak checker looks at the rest). */
static void
many_tokens_are_no_trouble(void **state)
{
	struct gatehouse *g = *state;
	const struct principal *held[50];

	take_keys(g, g->key);
	for (size_t i = 0; i < 1500; i++) {
		char subject[32], name[48];
		char *token;
		struct auth_verdict v;

		snprintf(subject, sizeof(subject), "user-%zu", i);
		snprintf(name, sizeof(name), "oauth:%s", subject);
		token = token_for(g, subject, "seo:read", NOW_S + 60);
		v = judge(g, token, NOW_S);
		assert_string_equal(v.principal->name, name);
		if (i < ARRAY_LEN(held))
			held[i] = v.principal;
		else
			principal_release(&v.principal);
		free(token);
	}
	for (size_t i = 0; i < ARRAY_LEN(held); i++) {
		assert_true(principal_has_scope(held[i], "seo:read", NULL));
		principal_release(&held[i]);
	}
}

static void
configured_tokens_go_on_to_work(void **state)
{
	struct gatehouse *g = *state;
	struct auth_verdict v = judge(g, "mmcp_robot", NOW_S);

	assert_string_equal(v.principal->name, "robot");
	assert_false(v.principal->by_token);
	assert_true(principal_has_scope(v.principal, "pricing:write", "main"));
	principal_release(&v.principal);
	v = judge(g, "mmcp_nobody", NOW_S);
	assert_int_equal(v.status, 401);
	assert_false(v.wants_keys);
}

/* */
static void
the_texts_lead_to_the_issuer(void **state)
{
	struct gatehouse *g = *state;
	struct auth_verdict v = auth_judge(g->auth, &(struct auth_input){.n_authorization = 0}, NOW_S * 1000);
	struct slice metadata = auth_resource_metadata(g->auth);
	json_t *document = json_loadb(metadata.ptr, metadata.len, 0, NULL);
	struct buf challenge;

	assert_int_equal(v.status, 401);
	assert_string_equal(v.challenge, "Bearer resource_metadata=\"" METADATA "\", scope=\"catalog:read seo:read\"");
	assert_string_equal(json_string_value(json_object_get(document, "resource")), RESOURCE);
	assert_string_equal(json_string_value(json_array_get(json_object_get(document, "authorization_servers"), 0)),
			    ISSUER);
	assert_int_equal(json_array_size(json_object_get(document, "scopes_supported")), 2);
	json_decref(document);
	buf_init(&challenge, 1024);
	assert_int_equal(auth_put_scope_challenge(g->auth, &challenge, "pricing:write"), 0);
	assert_string_equal(buf_cstr(&challenge), "Bearer error=\"insufficient_scope\", scope=\"pricing:write\", "
						  "resource_metadata=\"" METADATA "\"");
	buf_fini(&challenge);
}

static void
bad_keys_leave_the_old_ones(void **state)
{
	struct gatehouse *g = *state;
	char *token = token_for(g, "amy", "", NOW_S + 60);
	struct auth_verdict v;
	struct err err;

	take_keys(g, g->key);
	assert_int_equal(auth_take_keys(g->auth, SLICE_LIT("<html>"), &err), ERR_INVALID);
	assert_int_equal(auth_take_keys(g->auth, SLICE_LIT("{\"keys\":[]}"), &err), ERR_INVALID);
	v = judge(g, token, NOW_S);
	assert_non_null(v.principal);
	principal_release(&v.principal);
	free(token);
}

#define GATE_TEST(name) cmocka_unit_test_setup_teardown(name, open_gate, close_gate)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    GATE_TEST(before_the_keys_nobody_is_judged),     GATE_TEST(a_token_names_its_caller_and_his_rights),
	    GATE_TEST(a_token_without_scopes_has_no_rights), GATE_TEST(strange_subjects_get_names),
	    GATE_TEST(a_remembered_token_expires),	     GATE_TEST(new_keys_are_a_new_judgement),
	    GATE_TEST(many_tokens_are_no_trouble),	     GATE_TEST(configured_tokens_go_on_to_work),
	    GATE_TEST(the_texts_lead_to_the_issuer),	     GATE_TEST(bad_keys_leave_the_old_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
