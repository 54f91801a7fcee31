/*
 * demo-store: a small Magento 2.4.7 for tests, benchmarks and trying things out. It keeps everything in memory and
 * forgets it at the end. It is no shop: do not let it be reached from outside.
 */

#include "demo.h"
#include "server.h"

#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2, PRODUCTS_MAX = 1000000 };

struct options {
	char address[128];
	int port;
	struct settings settings;
};

static const char usage[] = "Usage: demo-store --listen ADDR:PORT [OPTION]...\n"
			    "A small Magento 2.4.7 in memory, for tests and benchmarks.\n\n"
			    "  --listen ADDR:PORT   where to listen; port 0 takes a free one\n"
			    "  --products N         numbered products besides the fixed ones (200)\n"
			    "  --latency-ms N       wait this long before every answer (0)\n"
			    "  --token-ttl SECONDS  life of an admin token (3600)\n"
			    "  --bearer on|off      accept integration tokens as bearer tokens (off)\n"
			    "  --oauth-host URL     scheme and host that OAuth signatures are checked for\n"
			    "                       (as each request says)\n"
			    "  --help               this text\n\n"
			    "One line on standard output gives the real port once it listens. SIGTERM ends it.\n"
			    "Credentials, faults and settings are described in tests/demo_store/README.md.\n";

static int
parse_listen(const char *text, struct options *options)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;
	char *end;
	long port;

	if (len == 0 || len >= sizeof(options->address))
		return -1;
	port = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0' || port < 0 || port > 65535)
		return -1;
	memcpy(options->address, text, len);
	options->address[len] = '\0';
	options->port = (int)port;
	return 0;
}

static int
parse_number(const char *text, long long max, long long *number_r)
{
	char *end;

	errno = 0;
	*number_r = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *number_r >= 0 && *number_r <= max ? 0 : -1;
}

static int
parse_switch(const char *text, bool *on_r)
{
	*on_r = strcmp(text, "on") == 0;
	return *on_r || strcmp(text, "off") == 0 ? 0 : -1;
}

static int
parse_origin(const char *text, char *origin)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '/')
		len--;
	if (len >= DEMO_URL_MAX || strstr(text, "://") == NULL)
		return -1;
	memcpy(origin, text, len);
	origin[len] = '\0';
	return 0;
}

static int
parse_option(int option, const char *text, struct options *options)
{
	struct settings *settings = &options->settings;
	long long number = 0;
	int rc = 0;

	switch (option) {
	case 'l':
		return parse_listen(text, options);
	case 'p':
		rc = parse_number(text, PRODUCTS_MAX, &number);
		settings->products = (int)number;
		return rc;
	case 'w':
		return parse_number(text, 3600000, &settings->latency_ms);
	case 't':
		return parse_number(text, 1LL << 31, &settings->token_ttl_s);
	case 'b':
		return parse_switch(text, &settings->bearer);
	case 'o':
		return parse_origin(text, settings->oauth_host);
	default:
		return -1;
	}
}

static int
parse_arguments(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
	    {"listen", required_argument, NULL, 'l'},
	    {"products", required_argument, NULL, 'p'},
	    {"latency-ms", required_argument, NULL, 'w'},
	    {"token-ttl", required_argument, NULL, 't'},
	    {"bearer", required_argument, NULL, 'b'},
	    {"oauth-host", required_argument, NULL, 'o'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", known, &index)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		if (option == '?')
			return -1;
		if (parse_option(option, optarg, options) < 0) {
			fprintf(stderr, "demo-store: --%s: '%s' makes no sense here; see demo-store --help\n",
				known[index].name, optarg);
			return -1;
		}
	}
	if (optind < argc || options->address[0] == '\0') {
		fprintf(stderr, "demo-store: --listen ADDR:PORT is needed and nothing else; see demo-store --help\n");
		return -1;
	}
	return 0;
}

static void
on_signal(evutil_socket_t signal_number, short what, void *arg)
{
	(void)signal_number;
	(void)what;
	event_base_loopbreak(arg);
}

/* Serves until a signal ends it. */
static int
serve(struct event_base *base, struct demo *demo, const struct options *options)
{
	struct event *term = evsignal_new(base, SIGTERM, on_signal, base);
	struct event *interrupt = evsignal_new(base, SIGINT, on_signal, base);
	struct server *server = server_new(base, demo, options->address, options->port);
	int rc = -1;

	if (server == NULL) {
		fprintf(stderr, "demo-store: cannot listen on %s:%d: %s\n", options->address, options->port,
			strerror(errno));
	} else if (term != NULL && interrupt != NULL) {
		int port = server_get_port(server);

		evsignal_add(term, NULL);
		evsignal_add(interrupt, NULL);
		snprintf(demo->base_url, sizeof(demo->base_url), "http://%s:%d/", options->address, port);
		printf("demo-store listening on http://%s:%d\n", options->address, port);
		fflush(stdout);
		rc = event_base_dispatch(base) < 0 ? -1 : 0;
	}
	server_free(&server);
	if (term != NULL)
		event_free(term);
	if (interrupt != NULL)
		event_free(interrupt);
	return rc;
}

/* libevent's usual clock ticks every four milliseconds: a latency of 50 ms would be one of 52. */
static struct event_base *
new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

int
main(int argc, char **argv)
{
	struct options options = {
	    .settings = {
		.products = 200, .token_ttl_s = 3600, .default_page_size = 20, .msi = true, .german_view = true}};
	struct event_base *base;
	struct demo *demo;
	int rc = -1;

	if (parse_arguments(argc, argv, &options) < 0)
		return EXIT_USAGE;
	signal(SIGPIPE, SIG_IGN);
	base = new_base();
	demo = calloc(1, sizeof(*demo));
	if (base == NULL || demo == NULL || demo_init(demo, &options.settings) < 0)
		fprintf(stderr, "demo-store: cannot start: out of memory\n");
	else
		rc = serve(base, demo, &options);
	if (demo != NULL)
		demo_fini(demo);
	free(demo);
	if (base != NULL)
		event_base_free(base);
	libevent_global_shutdown();
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
