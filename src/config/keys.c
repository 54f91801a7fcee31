/*
 * keys.c - the rows
 */
#include "config/keys.h"

#include "base/compiler.h"
#include "config/config.h"

#define KIB 1024ull
#define MIB (1024 * KIB)
#define SECOND 1000ull
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

#define ROOT(section, field) #section, #field, offsetof(struct config, section.field)
#define STORE(field) "store", #field, offsetof(struct config_store, field)
#define PRINCIPAL(field) "principal", #field, offsetof(struct config_principal, field)

static const struct config_choice log_levels[] = {
    {"error", LOG_ERROR}, {"warn", LOG_WARN}, {"notice", LOG_NOTICE}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}, {0},
};

static const struct config_choice schedulings[] = {
    {"adaptive", CONFIG_SCHEDULING_ADAPTIVE}, {"normal", CONFIG_SCHEDULING_NORMAL}, {0}};

static const struct config_choice on_failures[] = {{"refuse", CONFIG_REFUSE}, {"allow", CONFIG_ALLOW}, {0}};

static const struct config_choice auth_modes[] = {
    {"none", CONFIG_AUTH_NONE}, {"token", CONFIG_AUTH_TOKEN}, {"oauth", CONFIG_AUTH_OAUTH}, {0}};

static const struct config_choice product_fields[] = {
    {"name", 0},
    {"status", 0},
    {"visibility", 0},
    {"price", 0},
    {"weight", 0},
    {"description", 0},
    {"short_description", 0},
    {"meta_title", 0},
    {"meta_keyword", 0},
    {"url_key", 0},
    {"meta_description", 0},
    {"special_price", 0},
    {"special_from_date", 0},
    {"special_to_date", 0},
    {"category_ids", 0},
    {0},
};

static const struct config_choice page_fields[] = {
    {"title", 0},
    {"content", 0},
    {"content_heading", 0},
    {"meta_title", 0},
    {"meta_description", 0},
    {"meta_keywords", 0},
    {"is_active", 0},
    {0},
};

static const struct config_choice block_fields[] = {{"title", 0}, {"content", 0}, {"is_active", 0}, {0}};

const struct config_section keys_sections[] = {
    {"server", 0, NULL, "The daemon itself: where it listens, how many workers it runs, where it keeps its state."},
    {"http", 0, NULL, "Limits and deadlines of client connections."},
    {"admin", 0, NULL,
     "The second listener with /healthz, /readyz and /metrics.  It serves no tools and asks for no token."},
    {"auth", 0, NULL, "Who may call, and which Magento addresses a caller may name."},
    {"limits", 0, NULL,
     "How much one caller, and one client address, may take, counted over all workers.  0 means no limit.  Whoever "
     "asks "
     "for more is answered 429 with Retry-After.  Callers without a token (auth.mode = none) share one name, so "
     "requests and calls of theirs are not limited.  More limits: http.streams_per_principal, "
     "session.mcp_sessions_per_principal, session.logins_per_principal."},
    {"session", 0, NULL, "Logins made with auth_login, and MCP sessions."},
    {"magento", 0, NULL, "How requests to Magento are made."},
    {"guardrails", 0, NULL, "Bounds on what one tool call may change."},
    {"audit", 0, NULL, "The audit log: one JSON object per line for every action."},
    {"keeper", 0, NULL, "The database of plans, journals and idempotency keys."},
    {"cache", 0, NULL, "Page cache in front of the default store."},
    {"fastly", 0, NULL, "Fastly service in front of the default store."},
    {"optional_routes", 0, NULL,
     "REST routes that stock Magento lacks and a module may add.  A shop that answers `Request does not match any "
     "route.` "
     "is asked again after ten minutes."},
    {"store", KEY_PER_STORE, "main",
     "One section for each Magento, at most 64.  Give the four OAuth values, or an integration token, or an admin name "
     "and password; without any of them callers must bring their own.  Every secret may instead be read from a file: "
     "KEY_file = PATH."},
    {"principal", KEY_PER_PRINCIPAL, "alice",
     "One section for each caller, at most 256, used when auth.mode is token or oauth.  `magento-mcp token NAME` makes "
     "one."},
};
const size_t keys_sections_count = ARRAY_LEN(keys_sections);

const struct config_key keys_table[] = {
    {ROOT(server, listen), TYPE_ADDRESSES, "127.0.0.1:8765", .max = 16, .flags = KEY_RESTART,
     .doc = "Addresses of the MCP endpoint, ADDRESS:PORT.  Port 0 lets the kernel choose; the log says which it took.  "
	    "Anything but loopback needs auth.mode = token or oauth."},
    {ROOT(server, workers), TYPE_INT, "0", .max = 32, .doc = "Worker processes; 0 means one for each CPU."},
    {ROOT(server, state_dir), TYPE_PATH, "/var/lib/magento-mcp", .flags = KEY_RESTART,
     .doc = "Directory of everything that is kept; other paths default to files in it."},
    {ROOT(server, control_socket), TYPE_PATH, "control.sock", .flags = KEY_RESTART | KEY_IN_STATE_DIR,
     .doc = "Unix socket through which `magento-mcp ctl` steers the server."},
    {ROOT(server, environment), TYPE_STRING, "staging", .min = 1, .max = 64, .seed = "MCP_DEFAULT_ENV",
     .doc = "Label shown by auth_whoami and written to the audit log, such as staging or production."},
    {ROOT(server, name), TYPE_STRING, "magento-mcp", .min = 1, .max = 64, .doc = "Name that clients show to people."},
    {ROOT(server, allowed_hosts), TYPE_LIST, "", .max = 64, .item = ITEM_HOST, .example = "mcp.example.com",
     .doc = "Values of the Host header that are served besides the listen addresses and, on loopback, localhost.  "
	    "Needed behind a proxy that passes its own name on."},
    {ROOT(server, allowed_origins), TYPE_LIST, "", .max = 64, .item = ITEM_ORIGIN, .example = "https://app.example.com",
     .doc = "Web origins whose pages may call.  Requests without an Origin header are not concerned."},
    {ROOT(server, log_level), TYPE_ENUM, "info", .choices = log_levels, .doc = "The least level that is logged."},
    {ROOT(server, log_file), TYPE_PATH, "", .flags = KEY_RESTART, .example = "/var/log/magento-mcp/magento-mcp.log",
     .doc = "File of the log; empty means standard error.  SIGUSR1 reopens it."},
    {ROOT(server, read_only), TYPE_BOOL, "no",
     .doc = "Refuse every tool that changes a shop, whoever calls and whatever the store; such tools are not listed."},
    {ROOT(server, drain_ms), TYPE_DURATION, "30s", .max = HOUR,
     .doc = "How long a retiring worker may finish what it has begun."},
    {ROOT(server, max_connections), TYPE_INT, "4096", .min = 1, .max = 1000000,
     .doc = "Client connections per worker.  Who comes when all are full waits for a few seconds and is told 503."},
    {ROOT(server, scheduling), TYPE_ENUM, "adaptive", .choices = schedulings,
     .doc = "adaptive: a worker that many requests wake lets who runs on its core finish and then serves all that has "
	    "come (SCHED_BATCH), unless that makes it wait for two milliseconds or more each time.  normal: it "
	    "interrupts always.  A policy that the worker was started with stays."},
    {ROOT(server, confine), TYPE_BOOL, "yes",
     .doc = "Let workers give up the file system, where the kernel has Landlock: they can then read what is under /etc "
	    "and "
	    "/usr and the folder of magento.ca_file, and write nothing."},
    {ROOT(server, table_slots), TYPE_INT, "65536", .min = 64, .max = 4194304, .flags = KEY_RESTART,
     .doc = "Records in the shared table: logins, MCP sessions, quotas.  Each takes 512 bytes of memory once it is "
	    "used, a long one 4 KiB."},

    {ROOT(http, head_timeout_ms), TYPE_DURATION, "10s", .min = 10, .max = HOUR,
     .doc = "Time for a request's head to arrive."},
    {ROOT(http, body_timeout_ms), TYPE_DURATION, "30s", .min = 10, .max = HOUR,
     .doc = "Time for a request's body to arrive."},
    {ROOT(http, write_timeout_ms), TYPE_DURATION, "30s", .min = 10, .max = HOUR,
     .doc = "How long a client may take nothing of what waits for it."},
    {ROOT(http, idle_timeout_ms), TYPE_DURATION, "75s", .min = 10, .max = DAY,
     .doc = "How long a connection may stay open between requests."},
    {ROOT(http, max_body_bytes), TYPE_SIZE, "4M", .min = 1 * KIB, .max = 64 * MIB, .doc = "Largest request body."},
    {ROOT(http, max_head_bytes), TYPE_SIZE, "32K", .min = 1 * KIB, .max = 1 * MIB,
     .doc = "Largest request head: request line and all fields together."},
    {ROOT(http, stream_buffer_bytes), TYPE_SIZE, "1M", .min = 4 * KIB, .max = 64 * MIB,
     .doc = "Bytes that may wait for a slow reader of an event stream before the stream is dropped."},
    {ROOT(http, stream_keepalive_ms), TYPE_DURATION, "15s", .min = 10, .max = HOUR,
     .doc = "An event stream that was quiet for so long gets a comment, so that no proxy takes it for dead."},
    {ROOT(http, stream_keep_ms), TYPE_DURATION, "5m", .min = 10, .max = DAY,
     .doc = "How long the events of a call's stream are kept after its end, for clients that come back with "
	    "Last-Event-ID.  They end with the worker that has them: then such a client is answered 404."},
    {ROOT(http, stream_keep_bytes), TYPE_SIZE, "1M", .min = 4 * KIB, .max = 64 * MIB,
     .doc = "Bytes of events kept for one MCP session; the oldest go first."},
    {ROOT(http, streams_per_principal), TYPE_INT, "4096", .min = 1, .max = 1000000,
     .doc =
	 "Streams that one caller may hold open to wait for news, GET and subscriptions/listen, over all workers.  One "
	 "more is answered 429."},
    {ROOT(http, max_streams), TYPE_INT, "3072", .min = 1, .max = 1000000,
     .doc = "Such streams of all callers per worker; one more is answered 503.  Should stay below "
	    "server.max_connections, so that calls find a connection."},

    {ROOT(admin, listen), TYPE_ADDRESS, "127.0.0.1:9464", .flags = KEY_RESTART,
     .doc = "ADDRESS:PORT, or unix:/PATH, or off."},

    {ROOT(auth, mode), TYPE_ENUM, "none", .choices = auth_modes,
     .doc =
	 "none: everybody who reaches the loopback address may call.  token: callers send `Authorization: Bearer` with "
	 "the token of a principal.  oauth: callers send an access token of auth.issuer, or the token of a principal."},
    {ROOT(auth, issuer), TYPE_STRING, "", .max = CONFIG_URL_MAX, .example = "https://login.example.com",
     .doc = "OAuth 2.1 authorization server, exactly as its tokens name it in `iss`; needed by auth.mode = oauth."},
    {ROOT(auth, resource), TYPE_STRING, "", .max = CONFIG_URL_MAX, .example = "https://mcp.example.com/mcp",
     .doc =
	 "URL of this server's endpoint as clients know it; tokens must be made for it (`aud`).  Needed by auth.mode = "
	 "oauth."},
    {ROOT(auth, jwks_url), TYPE_STRING, "", .max = CONFIG_URL_MAX, .example = "https://login.example.com/jwks",
     .doc = "Where the issuer publishes its keys; empty: its metadata says so."},
    {ROOT(auth, jwks_refresh_ms), TYPE_DURATION, "10m", .min = SECOND, .max = DAY,
     .doc = "How often the issuer's keys are fetched again.  A token with an unknown key has them fetched at once, at "
	    "most every ten seconds."},
    {ROOT(auth, scopes_claim), TYPE_STRING, "scope", .min = 1, .max = 64,
     .doc = "Claim of the access token that lists its scopes, as words in a string or as an array."},
    {ROOT(auth, scopes), TYPE_LIST, "catalog:read, cms:read, diagnostics:read, promotions:read, scope:read, seo:read",
     .max = 64, .item = ITEM_WORD, .doc = "Scopes that a client is told to ask its authorization server for at first."},
    {ROOT(auth, allowed_base_urls), TYPE_LIST, "", .max = 64, .item = ITEM_URL, .example = "https://shop.example.com",
     .doc = "Magento addresses that auth_login may name besides the configured stores."},
    {ROOT(auth, allow_any_base_url), TYPE_BOOL, "no",
     .doc = "Let auth_login name any public address.  Private, loopback and link-local addresses stay refused."},

    {ROOT(limits, requests_per_second), TYPE_INT, "1000", .max = 1000000,
     .doc = "Requests of one caller, on average; see requests_burst."},
    {ROOT(limits, requests_burst), TYPE_INT, "5000", .min = 1, .max = 10000000,
     .doc = "Requests that a caller who was quiet before may make at once."},
    {ROOT(limits, calls_per_principal), TYPE_INT, "1024", .max = 1000000,
     .doc = "Calls of one caller that run at the same time."},
    {ROOT(limits, queued_bytes_per_principal), TYPE_SIZE, "256M", .max = 1024 * 1024 * MIB,
     .doc =
	 "Bytes that may wait in memory for one caller: answers and streams that he does not read, and bodies that he "
	 "does not finish, on all his connections together.  The connection that would add more is dropped, the body "
	 "refused."},
    {ROOT(limits, address_requests_per_second), TYPE_INT, "1000", .max = 1000000,
     .doc = "Requests from one client address, whoever sends them.  An IPv6 address counts by its first 64 bits."},
    {ROOT(limits, address_requests_burst), TYPE_INT, "5000", .min = 1, .max = 10000000,
     .doc = "Requests that an address that was quiet before may make at once."},
    {ROOT(limits, connections_per_address), TYPE_INT, "1024", .max = 10000000,
     .doc = "Connections from one client address."},
    {ROOT(limits, calls_per_address), TYPE_INT, "4096", .max = 1000000,
     .doc = "Calls from one client address that run at the same time, whoever makes them."},
    {ROOT(limits, streams_per_address), TYPE_INT, "4096", .max = 1000000,
     .doc = "Streams that wait for news, to one client address."},
    {ROOT(limits, queued_bytes_per_address), TYPE_SIZE, "512M", .max = 1024 * 1024 * MIB,
     .doc = "As queued_bytes_per_principal, for all callers at one client address together."},
    {ROOT(limits, sessions_per_address), TYPE_INT, "100000", .max = 100000000,
     .doc = "MCP sessions that one client address may open within session.idle_ms.  How many there are at the same "
	    "time is limited for each caller; see session.mcp_sessions_per_principal."},
    {ROOT(limits, exempt_addresses), TYPE_LIST, "127.0.0.0/8, ::1", .max = 64, .item = ITEM_NETWORK,
     .example = "127.0.0.0/8, ::1, 10.0.0.5",
     .doc = "Addresses and networks to which no limit or penalty of addresses applies.  A proxy in front belongs here: "
	    "all "
	    "its clients come from its address, since Forwarded and X-Forwarded-For are not believed."},
    {ROOT(limits, penalty_free), TYPE_INT, "10", .max = 1000000,
     .doc = "Bad tokens of an address, and failed auth_login calls of an address or a caller, that cost nothing.  A "
	    "success begins the count anew."},
    {ROOT(limits, penalty_first_ms), TYPE_DURATION, "1s", .min = 10, .max = HOUR,
     .doc =
	 "How long the next failure shuts out bad tokens of the address, or auth_login; each further one doubles it."},
    {ROOT(limits, penalty_max_ms), TYPE_DURATION, "1m", .max = HOUR,
     .doc = "The longest that a failure shuts anybody out; 0: failures cost nothing."},
    {ROOT(limits, refused_lines), TYPE_INT, "100", .max = 1000000,
     .doc = "Lines `refused` of one client address that each worker writes to the log in a minute, so that nobody can "
	    "fill it; of more only the number is told (`not_told`), and metrics count them all.  Addresses without "
	    "limits share one such number.  0: all are told."},

    {ROOT(session, idle_ms), TYPE_DURATION, "1h", .min = 100, .max = 30 * DAY,
     .doc = "A login unused for so long ends."},
    {ROOT(session, max_age_ms), TYPE_DURATION, "12h", .min = 100, .max = 365 * DAY,
     .doc = "A login ends at this age, used or not."},
    {ROOT(session, ask_timeout_ms), TYPE_DURATION, "10m", .min = 100, .max = DAY,
     .doc = "How long a question to the user may stay unanswered, such as the one to confirm a change."},
    {ROOT(session, logins_per_principal), TYPE_INT, "256", .min = 1, .max = 1000000,
     .doc = "Live logins of one caller."},
    {ROOT(session, mcp_sessions_per_principal), TYPE_INT, "4096", .min = 1, .max = 1000000,
     .doc = "Live MCP sessions of one caller, at most a quarter of server.table_slots.  One more makes the oldest that "
	    "never logged in go; without any, it is answered 429."},
    {ROOT(session, failed_logins), TYPE_INT, "4", .min = 1, .max = 5,
     .doc = "Failed logins per account before auth_login waits.  Magento locks an admin account after six."},
    {ROOT(session, failed_login_window_ms), TYPE_DURATION, "30m", .min = 100, .max = DAY,
     .doc = "How long a failed login counts."},

    {ROOT(magento, connect_timeout_ms), TYPE_DURATION, "3s", .min = 10, .max = 10 * MINUTE,
     .doc = "Time to connect, TLS included."},
    {ROOT(magento, read_timeout_ms), TYPE_DURATION, "30s", .min = 10, .max = HOUR,
     .doc = "Deadline of a reading request."},
    {ROOT(magento, write_timeout_ms), TYPE_DURATION, "60s", .min = 10, .max = HOUR,
     .doc = "Deadline of a writing request."},
    {ROOT(magento, call_timeout_ms), TYPE_DURATION, "10m", .min = 10, .max = DAY,
     .doc = "Deadline of a whole tool call."},
    {ROOT(magento, max_reply_bytes), TYPE_SIZE, "4M", .min = 4 * KIB, .max = 64 * MIB,
     .doc = "Largest answer of Magento that is read.  Lists whose answer would be larger are read in smaller pieces."},
    {ROOT(magento, max_result_bytes), TYPE_SIZE, "1M", .min = 4 * KIB, .max = 64 * MIB,
     .doc = "Largest result of a tool; a larger one is refused with advice on how to narrow it."},
    {ROOT(magento, connections_per_store), TYPE_INT, "24", .min = 1, .max = 1024,
     .doc = "Requests at the same time per store and worker."},
    {ROOT(magento, requests_per_call), TYPE_INT, "6", .min = 1, .max = 64,
     .doc = "Requests at the same time of one tool call."},
    {ROOT(magento, ca_file), TYPE_PATH, "", .example = "/etc/ssl/certs/shop-ca.pem",
     .doc = "Certificates (PEM) that Magento's certificate is checked against; empty means those of the system."},
    {ROOT(magento, verify_tls), TYPE_BOOL, "yes",
     .doc = "Check Magento's certificate.  Switch off only against a test store."},

    {ROOT(guardrails, max_skus_per_bulk), TYPE_INT, "500", .min = 1, .max = 100000, .seed = "MCP_MAX_SKUS_PER_BULK",
     .doc = "Products, pages or blocks in one plan; a plan may make four times as many writes."},
    {ROOT(guardrails, max_coupon_qty), TYPE_INT, "1000", .min = 1, .max = 1000000, .seed = "MCP_MAX_COUPON_QTY",
     .doc = "Coupons per generation call."},
    {ROOT(guardrails, price_threshold_pct), TYPE_PERCENT, "50", .max = 10000, .seed = "MCP_PRICE_THRESHOLD_PCT",
     .doc = "Price changes above this percentage give a warning."},
    {ROOT(guardrails, max_discount_pct), TYPE_PERCENT, "50", .max = 100, .seed = "MCP_MAX_DISCOUNT_PCT",
     .doc = "Percentage discounts above this are refused."},
    {ROOT(guardrails, tier2_confirm), TYPE_BOOL, "yes", .seed = "MCP_TIER2_CONFIRM",
     .doc = "Tools that change the shop want a confirmation and a reason."},
    {ROOT(guardrails, plan_expiry_min), TYPE_INT, "30", .min = 1, .max = 10080, .seed = "MCP_PLAN_EXPIRY_MIN",
     .doc = "Minutes for which a prepared plan can be committed."},
    {ROOT(guardrails, cache_rate_limit), TYPE_INT, "10", .min = 1, .max = 10000, .seed = "MCP_CACHE_RATE_LIMIT",
     .doc = "Purge calls per minute and store, counted over all workers."},
    {ROOT(guardrails, catalog_update_fields), TYPE_LIST,
     "name, status, visibility, price, weight, description, short_description, meta_title, meta_description, "
     "meta_keyword, url_key, special_price, special_from_date, special_to_date, category_ids",
     .max = 15, .item = ITEM_CHOICE, .choices = product_fields, .doc = "Product fields that bulk updates may change."},
    {ROOT(guardrails, cms_page_update_fields), TYPE_LIST,
     "title, content, content_heading, meta_title, meta_description, meta_keywords, is_active", .max = 7,
     .item = ITEM_CHOICE, .choices = page_fields, .doc = "Fields of CMS pages that bulk updates may change."},
    {ROOT(guardrails, cms_block_update_fields), TYPE_LIST, "title, content, is_active", .max = 3, .item = ITEM_CHOICE,
     .choices = block_fields, .doc = "Fields of CMS blocks that bulk updates may change."},
    {ROOT(guardrails, rule_condition_classes), TYPE_LIST, "", .max = 64, .item = ITEM_CLASS,
     .example = "Vendor\\Module\\Model\\Rule\\Condition\\Thing",
     .doc = "Classes of rule conditions that modules add to this shop.  Others than the stock ones are refused: "
	    "Magento drops "
	    "an unknown one in silence, and the discount then applies to everyone."},

    {ROOT(audit, path), TYPE_PATH, "audit.jsonl", .flags = KEY_IN_STATE_DIR, .seed = "MCP_AUDIT_LOG_PATH",
     .doc = "File of the audit log.  It is appended to and never holds a secret."},
    {ROOT(audit, on_failure), TYPE_ENUM, "refuse", .choices = on_failures,
     .doc =
	 "When the audit log cannot be written, such as on a full disk: refuse: nothing that changes a shop is begun, "
	 "reading goes on.  allow: all goes on; the log and a metric count what was not recorded."},

    {ROOT(keeper, path), TYPE_PATH, "keeper.db", .flags = KEY_RESTART | KEY_IN_STATE_DIR,
     .seed = "MCP_IDEMPOTENCY_PATH", .doc = "File of the database."},

    {ROOT(cache, varnish_hosts), TYPE_LIST, "", .max = 32, .item = ITEM_HOST_PORT,
     .example = "varnish.example.com:6081", .doc = "Varnish machines, HOST:PORT, that get purge requests."},

    {ROOT(fastly, service_id), TYPE_STRING, "", .max = 64, .seed = "FASTLY_SERVICE_ID",
     .example = "SU1Z0isxPaozGVKXdv0eY", .doc = "Id of the Fastly service."},
    {ROOT(fastly, api_token), TYPE_SECRET, NULL, .seed = "FASTLY_API_TOKEN",
     .doc = "Fastly API token with the purge_select scope."},
    {ROOT(fastly, api_url), TYPE_URL, "https://api.fastly.com",
     .doc = "Address of Fastly's API, for tests and proxies.  The token is sent there; https, or http on loopback."},
    {ROOT(fastly, soft_purge), TYPE_BOOL, "no", .doc = "Mark pages as stale instead of removing them."},

    {ROOT(optional_routes, url_rewrites), TYPE_ROUTE, "/V1/url-rewrite", .max = 200,
     .doc = "List of URL rewrites that takes searchCriteria, for seo_report_redirect_chains; empty means it is not "
	    "asked."},
    {ROOT(optional_routes, indexer_status), TYPE_ROUTE, "/V1/indexer/status", .max = 200,
     .doc = "State of the indexers, for diagnostics_indexer_status_report; empty means it is not asked."},

    {STORE(base_url), TYPE_URL, NULL, .flags = KEY_PER_STORE | KEY_REQUIRED, .seed = "MAGENTO_BASE_URL",
     .example = "https://shop.example.com",
     .doc =
	 "Address of the store, http or https, without user name, query and fragment.  The store's secrets go nowhere "
	 "else."},
    {STORE(oauth_consumer_key), TYPE_SECRET, NULL, .flags = KEY_PER_STORE, .seed = "MAGENTO_OAUTH_CONSUMER_KEY",
     .doc = "OAuth 1.0a credentials of a Magento integration: all four or none."},
    {STORE(oauth_consumer_secret), TYPE_SECRET, NULL, .flags = KEY_PER_STORE, .seed = "MAGENTO_OAUTH_CONSUMER_SECRET",
     .doc = "See oauth_consumer_key."},
    {STORE(oauth_token), TYPE_SECRET, NULL, .flags = KEY_PER_STORE, .seed = "MAGENTO_OAUTH_TOKEN",
     .doc = "See oauth_consumer_key."},
    {STORE(oauth_token_secret), TYPE_SECRET, NULL, .flags = KEY_PER_STORE, .seed = "MAGENTO_OAUTH_TOKEN_SECRET",
     .doc = "See oauth_consumer_key."},
    {STORE(integration_token), TYPE_SECRET, NULL, .flags = KEY_PER_STORE, .seed = "MAGENTO_INTEGRATION_TOKEN",
     .doc = "Access token of a Magento integration, sent as bearer token where no OAuth credentials are given."},
    {STORE(admin_username), TYPE_SECRET, NULL, .flags = KEY_PER_STORE, .seed = "MAGENTO_ADMIN_USERNAME",
     .doc = "Magento admin account; with admin_password, used where neither OAuth credentials nor a token are given."},
    {STORE(admin_password), TYPE_SECRET, NULL, .flags = KEY_PER_STORE, .seed = "MAGENTO_ADMIN_PASSWORD",
     .doc = "See admin_username."},
    {STORE(label), TYPE_STRING, "", .max = 128, .flags = KEY_PER_STORE, .example = "Main shop",
     .doc = "Name of the account shown by auth_login where there is no admin name."},
    {STORE(is_default), TYPE_BOOL, "no", .flags = KEY_PER_STORE,
     .doc =
	 "The store of a login that names none.  With one store only, or one called default, there is no need to say."},
    {STORE(read_only), TYPE_BOOL, "no", .flags = KEY_PER_STORE, .doc = "Refuse every tool that changes this store."},
    {STORE(varnish_hosts), TYPE_LIST, "", .max = 32, .item = ITEM_HOST_PORT, .flags = KEY_PER_STORE,
     .example = "varnish.example.com:6081",
     .doc = "Varnish machines of this store; for the default store an empty list means cache.varnish_hosts."},
    {STORE(fastly_service_id), TYPE_STRING, "", .max = 64, .flags = KEY_PER_STORE, .example = "SU1Z0isxPaozGVKXdv0eY",
     .doc = "Fastly service of this store; for the default store empty means fastly.service_id and fastly.api_token."},
    {STORE(fastly_api_token), TYPE_SECRET, NULL, .flags = KEY_PER_STORE, .doc = "Fastly API token of this store."},

    {PRINCIPAL(token_sha256), TYPE_DIGEST, NULL, .flags = KEY_PER_PRINCIPAL | KEY_REQUIRED,
     .example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     .doc =
	 "SHA-256 of the token, 64 hex digits, as `magento-mcp token` prints it.  The token itself is nowhere kept."},
    {PRINCIPAL(scopes), TYPE_LIST, "", .max = 64, .item = ITEM_WORD, .flags = KEY_PER_PRINCIPAL,
     .example = "catalog:read",
     .doc =
	 "Rights of this caller, TOOLSET:read, TOOLSET:write (which includes read), TOOLSET:* or *, for one store only "
	 "as STORE/TOOLSET:write; empty means all."},
    {PRINCIPAL(stores), TYPE_LIST, "", .max = CONFIG_STORES_MAX, .item = ITEM_WORD, .flags = KEY_PER_PRINCIPAL,
     .example = "main", .doc = "Names of the stores this caller may use; empty means all."},
    {PRINCIPAL(read_only), TYPE_BOOL, "no", .flags = KEY_PER_PRINCIPAL,
     .doc = "Refuse every tool that changes a shop to this caller."},
    {PRINCIPAL(requests_per_second), TYPE_INT, "0", .max = 1000000, .flags = KEY_PER_PRINCIPAL,
     .doc = "Requests of this caller, on average; 0: limits.requests_per_second."},
    {PRINCIPAL(requests_burst), TYPE_INT, "0", .max = 10000000, .flags = KEY_PER_PRINCIPAL,
     .doc = "Requests at once; 0: limits.requests_burst."},
    {PRINCIPAL(calls), TYPE_INT, "0", .max = 1000000, .flags = KEY_PER_PRINCIPAL,
     .doc = "Calls at the same time; 0: limits.calls_per_principal."},
    {PRINCIPAL(streams), TYPE_INT, "0", .max = 1000000, .flags = KEY_PER_PRINCIPAL,
     .doc = "Streams that wait for news; 0: http.streams_per_principal."},
    {PRINCIPAL(expires), TYPE_DATE, "", .flags = KEY_PER_PRINCIPAL, .example = "2030-12-31",
     .doc = "Last day (UTC) on which the token works, YYYY-MM-DD, or the moment it stops, YYYY-MM-DDTHH:MM:SSZ."},
};
const size_t keys_count = ARRAY_LEN(keys_table);

const struct config_section *
keys_section_find(struct slice name)
{
	size_t i;

	for (i = 0; i < keys_sections_count; i++) {
		if (slice_is(name, keys_sections[i].name))
			return &keys_sections[i];
	}
	return NULL;
}

const struct config_key *
keys_find(const char *section, struct slice key)
{
	struct slice in = slice_from_str(section);
	size_t i;

	for (i = 0; i < keys_count; i++) {
		if (slice_is(in, keys_table[i].section) && slice_is(key, keys_table[i].key))
			return &keys_table[i];
	}
	return NULL;
}

const struct config_key *
keys_find_file(const char *section, struct slice key)
{
	const struct config_key *found;
	const size_t suffix = sizeof("_file") - 1;

	if (key.len <= suffix || !slice_is(slice_sub(key, key.len - suffix, suffix), "_file"))
		return NULL;
	found = keys_find(section, slice_sub(key, 0, key.len - suffix));
	return found != NULL && found->type == TYPE_SECRET ? found : NULL;
}

/* Edit distance of two short words; anything over the width counts as far. */
static size_t
distance(struct slice a, struct slice b)
{
	enum { WIDTH = 48 };
	size_t row[WIDTH + 1];
	size_t i, j;

	if (a.len > WIDTH || b.len > WIDTH)
		return WIDTH;
	for (j = 0; j <= b.len; j++)
		row[j] = j;
	for (i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= b.len; j++) {
			size_t best = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.len];
}

static void
consider(const char *candidate, struct slice word, size_t *best, const char **nearest)
{
	struct slice known = slice_from_str(candidate);
	size_t d = distance(word, known);
	size_t limit = known.len / 3 < 2 ? 2 : known.len / 3;

	/* The beginning of a key is as good as a slip of the finger: `idle` for `idle_ms`. */
	if (word.len >= 3 && slice_eq(slice_sub(known, 0, word.len), word))
		d = 1;
	if (d <= limit && d < *best) {
		*best = d;
		*nearest = candidate;
	}
}

const char *
keys_nearest(const char *section, struct slice word, const char **elsewhere_r)
{
	const char *nearest = NULL, *elsewhere = NULL;
	size_t best = SIZE_MAX;
	size_t i;

	for (i = 0; section == NULL && i < keys_sections_count; i++)
		consider(keys_sections[i].name, word, &best, &nearest);
	for (i = 0; section != NULL && i < keys_count; i++) {
		if (slice_is(slice_from_str(section), keys_table[i].section))
			consider(keys_table[i].key, word, &best, &nearest);
		else if (slice_is(word, keys_table[i].key) && elsewhere == NULL)
			elsewhere = keys_table[i].section;
	}
	if (elsewhere_r != NULL)
		*elsewhere_r = elsewhere;
	return nearest;
}
