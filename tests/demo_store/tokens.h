/*
 * Admin tokens: HS256 JWTs as Magento issues them, with their lifetime, and the lock after too many bad passwords.
 * The signing key is random per start, so that tokens of another demo store are no good here.
 */
#ifndef DEMO_TOKENS_H
#define DEMO_TOKENS_H

#include "acl.h"

#include <stdbool.h>

enum { TOKENS_KEY_LEN = 32, TOKENS_FAILURES_MAX = 6, TOKENS_LOCK_S = 1800 };

struct tokens {
	unsigned char key[TOKENS_KEY_LEN];
	int failures[ACL_ADMIN_COUNT];
	long long locked_until_s[ACL_ADMIN_COUNT];
};

enum tokens_outcome {
	TOKENS_GOOD,
	TOKENS_REFUSED /* bad user, bad password and locked account look alike */
};

/* -1 if there is no randomness to be had. */
int tokens_init(struct tokens *tokens);

/* Forgets failures and locks; tokens already issued stay good. */
void tokens_forget_failures(struct tokens *tokens);

/* Checks a password and counts the failures. */
enum tokens_outcome tokens_check_password(struct tokens *tokens, const struct admin *admin, const char *password,
					  long long now_s);

/* malloc'd token for an administrator, NULL if memory is short. */
char *tokens_issue(const struct tokens *tokens, const struct admin *admin, long long now_s, long long ttl_s);

/* The administrator a token belongs to; NULL if it is forged, damaged or past its time. */
const struct admin *tokens_find_admin(const struct tokens *tokens, const char *token, long long now_s);

#endif
