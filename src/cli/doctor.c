/*
 * doctor.c - `magento-mcp doctor [STORE]`: the examination as a table or as JSON
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "doctor/doctor.h"
#include "json/write.h"

#define JSON_MAX (1024 * 1024)
#define OPTION_JSON OPTIONS_FIRST_OWN

static void
print_report(const struct doctor_report *report)
{
	printf("%s\n", report->store);
	for (size_t i = 0; i < report->n; i++) {
		const struct doctor_finding *f = &report->findings[i];

		printf("  %-6s %-22s %s\n", doctor_verdict_name(f->verdict), f->point, f->text);
	}
}

static void
write_report(struct json_writer *w, const struct doctor_report *report)
{
	json_write_begin_object(w);
	json_write_key_string(w, "store", report->store);
	json_write_key(w, "findings");
	json_write_begin_array(w);
	for (size_t i = 0; i < report->n; i++) {
		json_write_begin_object(w);
		json_write_key_string(w, "verdict", doctor_verdict_name(report->findings[i].verdict));
		json_write_key_string(w, "point", report->findings[i].point);
		json_write_key_string(w, "text", report->findings[i].text);
		json_write_end(w);
	}
	json_write_end(w);
	json_write_end(w);
}

/* The worst finding decides: what must be put right before what may pass by itself. */
static int
status_of(const struct doctor_report *report, int status)
{
	for (size_t i = 0; i < report->n; i++) {
		if (report->findings[i].verdict == DOCTOR_WRONG)
			return OPTIONS_USAGE;
		if (report->findings[i].verdict == DOCTOR_AWAY && status == OPTIONS_FINE)
			status = OPTIONS_RETRY;
	}
	return status;
}

static int
take_option(void *ctx, int val, const char *arg, struct err *err)
{
	bool *as_json = ctx;

	(void)val;
	(void)arg;
	(void)err;
	*as_json = true;
	return 0;
}

static int
examine_all(const struct config *config, const char *only, bool as_json)
{
	struct doctor_report report;
	struct json_writer w;
	struct buf out;
	struct err err;
	int status = OPTIONS_FINE;

	buf_init(&out, JSON_MAX);
	json_write_init(&w, &out);
	json_write_begin_array(&w);
	for (size_t i = 0; i < config->n_stores; i++) {
		if (only != NULL && strcmp(config->stores[i].name, only) != 0)
			continue;
		if (doctor_examine(config, &config->stores[i], &report, &err) < 0) {
			options_complain("%s", err.text);
			buf_fini(&out);
			return OPTIONS_RETRY;
		}
		status = status_of(&report, status);
		if (as_json)
			write_report(&w, &report);
		else
			print_report(&report);
	}
	json_write_end(&w);
	if (as_json && json_write_finish(&w) == 0)
		puts(buf_cstr(&out));
	buf_fini(&out);
	return status;
}

int
cli_doctor(int argc, char **argv)
{
	static const struct option extra[] = {{"json", no_argument, NULL, OPTION_JSON}, {NULL, 0, NULL, 0}};
	bool as_json = false;
	const struct options_spec spec = {
	    .usage = "doctor [-c FILE] [-s KEY=VALUE]... [--json] [STORE]",
	    .help = "Examines the configured stores, or one: reachable, TLS, clock, credentials, permissions, what "
		    "is optional,\n"
		    "caches.  Changes nothing.  Exits 0 when all is well, 1 when a store did not answer, 2 when "
		    "something must be put "
		    "right.\n"
		    "  --json   for scripts",
	    .extra = extra,
	    .take = take_option,
	    .ctx = &as_json,
	    .max_operands = 1,
	};
	struct config *config = NULL;
	struct options options;
	const char *only;
	int status = options_parse(argc, argv, &spec, &options);

	if (status >= 0)
		return status;
	status = options_load(&options, &config);
	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	only = options.n_operands > 0 ? options.operands[0] : NULL;
	if (config->n_stores == 0 || (only != NULL && config_store_find(config, slice_from_str(only)) == NULL)) {
		options_complain("there is no store %s in the configuration", only != NULL ? only : "at all");
		status = OPTIONS_USAGE;
	} else {
		status = examine_all(config, only, as_json);
	}
	config_free(&config);
	return status;
}
