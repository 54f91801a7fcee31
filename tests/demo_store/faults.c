#include "faults.h"

#include "errors.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum fault_mode mode;
	int status; /* if the rule names none */
} modes[] = {
    {"status", FAULT_STATUS, 503},     {"html", FAULT_HTML, 503},
    {"text500", FAULT_TEXT500, 500},   {"retry_after", FAULT_RETRY_AFTER, 429},
    {"empty", FAULT_EMPTY, 200},       {"garbage", FAULT_GARBAGE, 200},
    {"huge", FAULT_HUGE, 200},	       {"drip", FAULT_DRIP, 200},
    {"truncate", FAULT_TRUNCATE, 200}, {"hang", FAULT_HANG, 200},
    {"reset", FAULT_RESET, 200},       {"latency", FAULT_LATENCY, 200},
};

enum { MODE_COUNT = sizeof(modes) / sizeof(modes[0]) };

static json_int_t
get_integer(const json_t *rule, const char *name, json_int_t otherwise)
{
	const json_t *value = json_object_get(rule, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static size_t
find_mode(const char *name)
{
	size_t i = 0;

	while (name != NULL && i < MODE_COUNT && strcmp(modes[i].name, name) != 0)
		i++;
	return name != NULL ? i : MODE_COUNT;
}

const char *
faults_add(struct faults *faults, const json_t *rule)
{
	const char *prefix = json_string_value(json_object_get(rule, "path_prefix"));
	const char *method = json_string_value(json_object_get(rule, "method"));
	size_t mode = find_mode(json_string_value(json_object_get(rule, "mode")));
	struct fault fault = {0};

	if (faults->count == FAULTS_MAX)
		return "too many rules";
	if (mode == MODE_COUNT)
		return "mode: unknown";
	if (prefix != NULL && strlen(prefix) >= sizeof(fault.path_prefix))
		return "path_prefix: too long";
	fault.mode = modes[mode].mode;
	snprintf(fault.path_prefix, sizeof(fault.path_prefix), "%s", prefix != NULL ? prefix : "/");
	snprintf(fault.method, sizeof(fault.method), "%s", method != NULL ? method : "");
	fault.status = (int)get_integer(rule, "status", modes[mode].status);
	fault.ms = get_integer(rule, "ms", 0);
	fault.bytes = get_integer(rule, "bytes", fault.mode == FAULT_HUGE ? 1 << 20 : 1);
	fault.count = get_integer(rule, "count", -1);
	fault.retry_after_s = (int)get_integer(rule, "retry_after", fault.mode == FAULT_RETRY_AFTER ? 1 : 0);
	fault.after = json_is_true(json_object_get(rule, "after"));
	if (fault.status < 200 || fault.status > 599)
		return "status: 200 to 599";
	if (fault.ms < 0 || fault.bytes < 1 || fault.retry_after_s < 0)
		return "ms, bytes, retry_after: too small";
	faults->rules[faults->count++] = fault;
	return NULL;
}

void
faults_clear(struct faults *faults)
{
	faults->count = 0;
}

static const char *
mode_name(enum fault_mode mode)
{
	for (size_t i = 0; i < MODE_COUNT; i++) {
		if (modes[i].mode == mode)
			return modes[i].name;
	}
	return "none";
}

json_t *
faults_render(const struct faults *faults)
{
	json_t *list = json_array();

	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->rules[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:i, s:b}", "path_prefix",
						fault->path_prefix, "mode", mode_name(fault->mode), "method",
						fault->method, "status", fault->status, "ms", (json_int_t)fault->ms,
						"bytes", (json_int_t)fault->bytes, "count", (json_int_t)fault->count,
						"retry_after", fault->retry_after_s, "after", fault->after));
	}
	return list;
}

struct fault
faults_take(struct faults *faults, const char *method, const char *uri)
{
	for (size_t i = 0; i < faults->count; i++) {
		struct fault *fault = &faults->rules[i];

		if (fault->count == 0 || strncmp(uri, fault->path_prefix, strlen(fault->path_prefix)) != 0)
			continue;
		if (fault->method[0] != '\0' && strcmp(fault->method, method) != 0)
			continue;
		if (fault->count > 0)
			fault->count--;
		return *fault;
	}
	return (struct fault){.mode = FAULT_NONE};
}

bool
fault_runs_handler(const struct fault *fault)
{
	switch (fault->mode) {
	case FAULT_NONE:
	case FAULT_DRIP:
	case FAULT_TRUNCATE:
	case FAULT_LATENCY:
		return true;
	default:
		return fault->after;
	}
}

/* The text the status usually comes with. */
static void
set_status(struct reply *reply, int status)
{
	if (status == 401)
		error_set_unauthorized(reply, "Magento_Backend::admin");
	else if (status == 404)
		error_set_no_route(reply);
	else if (status == 500)
		error_set_internal(reply);
	else
		error_set(reply, status, status == 429 ? "Too Many Requests" : "Service Temporarily Unavailable");
}

bool
fault_set_reply(const struct fault *fault, struct reply *reply)
{
	switch (fault->mode) {
	case FAULT_STATUS:
	case FAULT_RETRY_AFTER:
		set_status(reply, fault->status);
		break;
	case FAULT_HTML:
		error_set_html(reply, fault->status);
		break;
	case FAULT_TEXT500:
		error_set_fatal(reply);
		break;
	case FAULT_EMPTY:
		reply_set_text(reply, fault->status, NULL, "");
		break;
	default:
		return false;
	}
	reply->retry_after_s = fault->retry_after_s;
	return true;
}
