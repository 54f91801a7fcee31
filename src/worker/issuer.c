#include "issuer.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/turn.h"
#include "json/get.h"
#include "json/parse.h"
#include "worker_private.h"

#define TIMEOUT_MS 10000
#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 60000
#define METADATA_BYTES_MAX (256 * 1024)
#define URL_MAX 2048

/* What is asked next: the places of metadata in turn, then the keys. */
enum step { STEP_OAUTH_METADATA, STEP_OPENID_METADATA, STEP_KEYS };

struct issuer {
	struct worker *worker;
	struct event *timer;
	struct fetch_job *job; /* NULL: nothing is under way */
	enum step step;
	char url[URL_MAX];
	uint32_t retry_ms;
	uint64_t began_mono_ms; /* of the last round */
	char reason[256];	/* of the last failure that was logged; "" after a success */
	bool has_keys;
};

static void ask(struct issuer *issuer);

static void
sleep_ms(struct issuer *issuer, uint64_t ms)
{
	const struct timeval time = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	event_add(issuer->timer, &time);
}

/* Said once per reason: a server without its issuer would otherwise fill the log. */
static void
fail(struct issuer *issuer, const char *reason)
{
	board_add(issuer->worker->row, BOARD_ISSUER_FAILURES, 1);
	if (strcmp(issuer->reason, reason) != 0) {
		snprintf(issuer->reason, sizeof(issuer->reason), "%s", reason);
		log_write(LOG_ERROR, "issuer_keys_failed", LOG_STR("url", issuer->url), LOG_STR("reason", reason),
			  LOG_END);
	}
	issuer->retry_ms = issuer->retry_ms == 0 ? RETRY_FIRST_MS : issuer->retry_ms * 2;
	if (issuer->retry_ms > RETRY_MAX_MS)
		issuer->retry_ms = RETRY_MAX_MS;
	sleep_ms(issuer, issuer->retry_ms);
}

static void
succeed(struct issuer *issuer)
{
	if (!issuer->has_keys || issuer->reason[0] != '\0')
		log_write(LOG_INFO, "issuer_keys", LOG_STR("url", issuer->url), LOG_END);
	board_add(issuer->worker->row, BOARD_ISSUER_FETCHES, 1);
	issuer->has_keys = true;
	issuer->reason[0] = '\0';
	issuer->retry_ms = 0;
	sleep_ms(issuer, issuer->worker->config->auth.jwks_refresh_ms);
}

/* ---- where the keys lie ---- */

/* RFC 8414 puts its word between authority and path; OpenID Connect appends its own. */
static int
make_url(struct issuer *issuer)
{
	const struct config *config = issuer->worker->config;
	const char *name = config->auth.issuer;
	const char *path = strchr(strstr(name, "://") + 3, '/');
	size_t base = path != NULL ? (size_t)(path - name) : strlen(name);
	size_t len = strlen(name);
	int n = 0;

	if (len > base && name[len - 1] == '/')
		len--;
	if (issuer->step == STEP_OAUTH_METADATA)
		n = snprintf(issuer->url, URL_MAX, "%.*s/.well-known/oauth-authorization-server%.*s", (int)base, name,
			     (int)(len - base), name + base);
	else if (issuer->step == STEP_OPENID_METADATA)
		n = snprintf(issuer->url, URL_MAX, "%.*s/.well-known/openid-configuration", (int)len, name);
	return n < URL_MAX ? 0 : ERR_LIMIT;
}

/* The keys decide who gets in: they come over TLS, or from an issuer that is itself on this machine. */
static bool
is_trusted_place(const struct issuer *issuer, const char *url)
{
	const char *name = issuer->worker->config->auth.issuer;

	if (strncmp(url, "https://", 8) == 0)
		return true;
	return strncmp(name, "http://", 7) == 0 && strncmp(url, name, strcspn(name + 7, "/") + 7) == 0;
}

static bool
take_metadata(struct issuer *issuer, struct slice text)
{
	const char *url;
	json_t *metadata = NULL;
	bool ok = false;

	if (json_parse(text, NULL, &metadata, NULL) < 0)
		return false;
	url = json_get_str(metadata, "jwks_uri", "");
	if (slice_is(json_get_slice(metadata, "issuer"), issuer->worker->config->auth.issuer) &&
	    is_trusted_place(issuer, url) && strlen(url) < URL_MAX) {
		snprintf(issuer->url, URL_MAX, "%s", url);
		ok = true;
	}
	json_decref(metadata);
	return ok;
}

/* ---- rounds ---- */

static void
on_metadata(struct issuer *issuer, bool came, struct slice text)
{
	if (came && take_metadata(issuer, text)) {
		issuer->step = STEP_KEYS;
		ask(issuer);
	} else if (issuer->step == STEP_OAUTH_METADATA) {
		issuer->step = STEP_OPENID_METADATA;
		ask(issuer);
	} else {
		fail(issuer, "the issuer's metadata cannot be read, or names another issuer or no jwks_uri; set "
			     "auth.jwks_url, or correct auth.issuer");
	}
}

static void
on_keys(struct issuer *issuer, bool came, struct slice text)
{
	struct err err = {.code = ERR_OK};

	if (!came)
		fail(issuer, "the keys cannot be fetched");
	else if (auth_take_keys(issuer->worker->auth, text, &err) < 0)
		fail(issuer, err.text);
	else
		succeed(issuer);
}

static void
on_reply(void *ctx, struct fetch_reply *reply)
{
	struct issuer *issuer = ctx;
	bool came = reply->outcome == FETCH_OK && reply->status == 200;

	turn_enter("issuer");
	issuer->job = NULL;
	if (issuer->step == STEP_KEYS)
		on_keys(issuer, came, buf_slice(&reply->body));
	else
		on_metadata(issuer, came, buf_slice(&reply->body));
}

static void
ask(struct issuer *issuer)
{
	const struct fetch_header accept = {"Accept", "application/json"};
	const struct fetch_request request = {
	    .method = FETCH_GET,
	    .url = issuer->url,
	    .headers = &accept,
	    .n_headers = 1,
	    .timeout_ms = TIMEOUT_MS,
	    .max_reply_bytes = METADATA_BYTES_MAX,
	};

	if (issuer->step != STEP_KEYS && make_url(issuer) < 0)
		fail(issuer, "auth.issuer is too long");
	else if (fetch_start(issuer->worker->fetch, &request, on_reply, issuer, &issuer->job) < 0)
		fail(issuer, "the request cannot be sent");
}

static void
begin(struct issuer *issuer)
{
	const char *url = issuer->worker->config->auth.jwks_url;

	event_del(issuer->timer);
	issuer->began_mono_ms = clock_mono_ms();
	issuer->step = url[0] != '\0' ? STEP_KEYS : STEP_OAUTH_METADATA;
	snprintf(issuer->url, URL_MAX, "%s", url);
	ask(issuer);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	turn_enter("issuer");
	(void)fd;
	(void)what;
	begin(ctx);
}

/* ---- ---- */

int
issuer_new(struct worker *worker, struct issuer **issuer_r)
{
	struct issuer *issuer;

	*issuer_r = NULL;
	if (worker->config->auth.mode != CONFIG_AUTH_OAUTH)
		return 0;
	issuer = calloc(1, sizeof(*issuer));
	if (issuer == NULL)
		return ERR_NOMEM;
	issuer->worker = worker;
	issuer->timer = evtimer_new(worker->base, on_timer, issuer);
	if (issuer->timer == NULL) {
		issuer_free(&issuer);
		return ERR_NOMEM;
	}
	*issuer_r = issuer;
	begin(issuer);
	return 0;
}

void
issuer_free(struct issuer **issuer)
{
	if (*issuer == NULL)
		return;
	fetch_cancel(&(*issuer)->job);
	if ((*issuer)->timer != NULL)
		event_free((*issuer)->timer);
	free(*issuer);
	*issuer = NULL;
}

void
issuer_want(struct issuer *issuer)
{
	if (issuer == NULL || issuer->job != NULL || clock_mono_ms() < issuer->began_mono_ms + ISSUER_PAUSE_MS)
		return;
	begin(issuer);
}
