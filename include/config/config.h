/*
 * config.h - the configuration: one plain struct, filled from defaults, a file, the environment and -s options
 *
 * Every key stands once in the table of src/config/keys.c; parsing, environment names, the sample file, the manual
 * page, rendering and comparing all come from that table.  A key is called like its field here: `session.idle_ms` is
 * cfg->session.idle_ms.  Later sources win: defaults < file < environment < -s.
 *
 * A loaded configuration is read-only.  All it points to belongs to it and lives until config_free(); strings are never
 * NULL ("" means not set).  config_load() runs in the small commands and in the supervisor at start; children get the
 * rendered text in a sealed memfd and use config_parse_rendered().
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/slice.h"

#define CONFIG_STORES_MAX 64
#define CONFIG_PRINCIPALS_MAX 256
#define CONFIG_NAME_MAX 64	      /* length of a store's or principal's name */
#define CONFIG_URL_MAX 512	      /* length of a normalised base URL */
#define CONFIG_FILE_MAX (1024 * 1024) /* bytes of a configuration file */
#define CONFIG_RENDERED_MAX (4 * 1024 * 1024)
#define CONFIG_WARNINGS_MAX 16

struct pool;

enum config_on_failure { CONFIG_REFUSE, CONFIG_ALLOW };
enum config_scheduling { CONFIG_SCHEDULING_ADAPTIVE, CONFIG_SCHEDULING_NORMAL };
enum config_auth_mode { CONFIG_AUTH_NONE, CONFIG_AUTH_TOKEN, CONFIG_AUTH_OAUTH };

struct config_list {
	const char *const *items;
	size_t n;
};

enum config_address_kind { CONFIG_ADDRESS_OFF, CONFIG_ADDRESS_INET, CONFIG_ADDRESS_UNIX };

/* Where to listen, ready for bind(2).  `text` is the normal form: 127.0.0.1:8765, [::1]:8765, unix:/path, off. */
struct config_address {
	enum config_address_kind kind;
	const char *text;
	struct sockaddr_storage addr;
	socklen_t addr_len;
	bool is_loopback; /* 127.0.0.0/8, ::1, and every unix socket */
};

struct config_addresses {
	const struct config_address *items;
	size_t n;
};

/* [store "NAME"]: one Magento.  Its secrets are sent to its own base_url and to nobody else. */
struct config_store {
	const char *name;
	const char *base_url; /* normalised: see config/url.h */
	struct secret oauth_consumer_key;
	struct secret oauth_consumer_secret;
	struct secret oauth_token;
	struct secret oauth_token_secret;
	struct secret integration_token;
	struct secret admin_username;
	struct secret admin_password;
	const char *label;
	bool is_default;
	bool read_only;
	struct config_list varnish_hosts; /* the default store takes cache.varnish_hosts when this is empty */
	const char *fastly_service_id;	  /* likewise fastly.service_id ... */
	struct secret fastly_api_token;	  /* ... and fastly.api_token */
};

/* [principal "NAME"]: one caller with a static token. */
struct config_principal {
	const char *name;
	const char *token_sha256; /* 64 lower-case hex digits */
	struct config_list scopes;
	struct config_list stores; /* names of stores this caller may use; empty = all */
	bool read_only;
	uint32_t requests_per_second; /* 0: as in [limits] */
	uint32_t requests_burst;
	uint32_t calls;
	uint32_t streams;
	uint64_t expires; /* Unix time in ms of the first moment it is refused; 0 = never */
};

struct config {
	struct {
		struct config_addresses listen;
		uint32_t workers; /* 0 = one per CPU */
		const char *state_dir;
		const char *control_socket; /* path of a Unix stream socket */
		const char *environment;    /* label shown by auth_whoami and in the audit log */
		const char *name;	    /* what clients show to people */
		struct config_list allowed_hosts;
		struct config_list allowed_origins;
		enum log_level log_level;
		const char *log_file; /* "" = standard error */
		uint64_t drain_ms;
		uint32_t max_connections; /* per worker */
		uint32_t table_slots;
		enum config_scheduling scheduling;
		bool confine;
		bool read_only;
	} server;
	struct {
		uint64_t head_timeout_ms;
		uint64_t body_timeout_ms;
		uint64_t write_timeout_ms;
		uint64_t idle_timeout_ms;
		uint64_t max_body_bytes;
		uint64_t max_head_bytes;
		uint64_t stream_buffer_bytes;
		uint64_t stream_keepalive_ms;
		uint64_t stream_keep_ms;
		uint64_t stream_keep_bytes;
		uint32_t streams_per_principal;
		uint32_t max_streams; /* per worker */
	} http;
	struct {
		struct config_address listen;
	} admin;
	struct {
		enum config_auth_mode mode;
		const char *issuer;   /* as tokens name it, byte for byte */
		const char *resource; /* URI of the endpoint: what tokens must be made for */
		const char *jwks_url; /* "" = found through the issuer's metadata */
		uint64_t jwks_refresh_ms;
		const char *scopes_claim;
		struct config_list scopes;	      /* that clients are told to ask for */
		struct config_list allowed_base_urls; /* normalised */
		bool allow_any_base_url;
	} auth;
	struct {
		uint32_t requests_per_second; /* of a caller; 0 here and below: no limit */
		uint32_t requests_burst;
		uint32_t calls_per_principal;
		uint64_t queued_bytes_per_principal;
		uint32_t address_requests_per_second;
		uint32_t address_requests_burst;
		uint32_t connections_per_address;
		uint32_t calls_per_address;
		uint32_t streams_per_address;
		uint64_t queued_bytes_per_address;
		uint32_t sessions_per_address;	     /* opened within session.idle_ms */
		struct config_list exempt_addresses; /* config/network.h */
		uint32_t penalty_free;
		uint64_t penalty_first_ms;
		uint64_t penalty_max_ms; /* 0: no penalties */
		uint32_t refused_lines;	 /* of an address in a minute; 0: all */
	} limits;
	struct {
		uint64_t idle_ms;
		uint64_t max_age_ms;
		uint64_t ask_timeout_ms;
		uint32_t logins_per_principal;
		uint32_t mcp_sessions_per_principal;
		uint32_t failed_logins;
		uint64_t failed_login_window_ms;
	} session;
	struct {
		uint64_t connect_timeout_ms;
		uint64_t read_timeout_ms;
		uint64_t write_timeout_ms;
		uint64_t call_timeout_ms;
		uint64_t max_reply_bytes;
		uint64_t max_result_bytes;
		uint32_t connections_per_store;
		uint32_t requests_per_call;
		const char *ca_file; /* "" = the system's */
		bool verify_tls;
	} magento;
	struct {
		uint32_t max_skus_per_bulk;
		uint32_t max_coupon_qty;
		double price_threshold_pct;
		double max_discount_pct;
		bool tier2_confirm;
		uint32_t plan_expiry_min;
		uint32_t cache_rate_limit; /* purge calls per minute and store */
		struct config_list catalog_update_fields;
		struct config_list cms_page_update_fields;
		struct config_list cms_block_update_fields;
		struct config_list rule_condition_classes; /* beyond those of a stock shop */
	} guardrails;
	struct {
		const char *path;
		enum config_on_failure on_failure; /* may a change be made that cannot be recorded? */
	} audit;
	struct {
		const char *path;
	} keeper;
	struct {
		struct config_list varnish_hosts; /* host:port */
	} cache;
	struct {
		const char *service_id;
		struct secret api_token;
		const char *api_url;
		bool soft_purge;
	} fastly;
	struct {
		const char *url_rewrites; /* "/V1/..."; "" = not asked */
		const char *indexer_status;
	} optional_routes;

	struct config_store *stores;
	size_t n_stores;
	struct config_principal *principals;
	size_t n_principals;

	/* What the loader wants said in the log: at most a sentence each, never a secret. */
	const char *warnings[CONFIG_WARNINGS_MAX];
	size_t n_warnings;

	struct pool *pool; /* private to config/ */
};

/* Everything borrowed, only during config_load(). */
struct config_sources {
	const char *path;	     /* file, or NULL for none */
	const char *const *settings; /* texts of -s options: section.key=value, store.NAME.key=value */
	size_t n_settings;
	char *const *environ;  /* like environ(7), or NULL for none */
	const char *state_dir; /* server.state_dir when no source sets it; NULL: the key's own default */
	bool opens_no_sockets; /* stdio: the length of their paths does not matter */
};

/*
 * Reads and checks everything, including the files that KEY_file settings name.  On failure *out_r stays NULL and the
 * text of *err is the whole line to print: `FILE:LINE: key: what is wrong, what to write`; for other sources the place
 * is the environment variable or `-s`.  Never contains a secret's value. ERR_INVALID: the configuration cannot work
 * (exit 2); ERR_IO: a file could not be read; ERR_NOMEM.
 */
int config_load(const struct config_sources *src, struct config **out_r, struct err *err) MUST_CHECK;

/*
 * Puts the path of the control socket, for ctl: it has to reach a server whose file was broken after the start, and it
 * need not be able to read the secrets.  Other keys are not looked at.  When a source as a whole cannot be read, the
 * code and *err say so, and *path still gets the best guess.
 */
int config_control_socket(const struct config_sources *src, struct buf *path, struct err *err) MUST_CHECK;

/* Wipes the secrets, frees, and nulls the pointer.  NULL is fine. */
void config_free(struct config **cfg);

/*
 * Puts the canonical text: every key of every section, defaults spelled out, secrets included.  The buffer should come
 * from buf_init_secret(b, CONFIG_RENDERED_MAX).  config_parse_rendered() of it gives an equal configuration.
 */
int config_render(const struct config *cfg, struct buf *secret_buf) MUST_CHECK;
int config_parse_rendered(struct slice text, struct config **out_r, struct err *err) MUST_CHECK;
int config_read_rendered(int fd, struct config **out_r, struct err *err) MUST_CHECK; /* the same of a file as a whole */

/* The form of a store's or principal's name: letters, digits, . _ @ -, at most CONFIG_NAME_MAX, first a letter or
 * digit. */
bool config_is_name(struct slice name);

/* NULL when there is none of that name. */
const struct config_store *config_store_find(const struct config *cfg, struct slice name);
const struct config_principal *config_principal_find(const struct config *cfg, struct slice name);

/* The store marked is_default, else the only one, else the one named "default", else NULL. */
const struct config_store *config_store_default(const struct config *cfg);

/* The caches in front of a store: its own, and for the default store else those of [cache] and [fastly]. */
const struct config_list *config_store_varnish(const struct config *cfg, const struct config_store *store);
bool config_store_fastly(const struct config *cfg, const struct config_store *store, const char **service_id_r,
			 const struct secret **api_token_r);

/*
 * Names of the keys in which two configurations differ, joined by ", ": all of them in *changed, those that a reload
 * cannot apply also in *restart.  Stores and principals appear as store.NAME.key, or store.NAME when whole sections
 * came or went.  Names only, never values.
 */
int config_diff(const struct config *a, const struct config *b, struct buf *changed, struct buf *restart) MUST_CHECK;

/* The commented sample file, and the manual page magento-mcp.conf(5) in mdoc. */
int config_describe_sample(struct buf *out) MUST_CHECK;
int config_describe_man(struct buf *out) MUST_CHECK;

#endif
