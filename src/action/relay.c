#include "relay.h"

#include "base/err.h"
#include "json/parse.h"
#include "json/write.h"
#include "results.h"

/* What the short way cannot tell. */
static int
relay_tree(const struct relay *relay, struct slice body, const struct json_limits *limits)
{
	json_t *tree;
	int r = json_parse(body, limits, &tree, NULL);

	if (r < 0)
		return r;
	if (relay->drop != NULL)
		json_relay_drop_from(tree, relay->drop);
	r = result_clean(tree) < 0 ? ERR_NOMEM : json_dump_to(relay->out, tree);
	json_decref(tree);
	return r;
}

int
relay_read(void *ctx, struct slice body, size_t max_bytes)
{
	const struct relay *relay = ctx;
	struct json_limits limits = json_limits_default;
	int r;

	limits.max_bytes = max_bytes;
	limits.max_string_bytes = max_bytes;
	limits.big_int_as_real = true;
	r = json_relay(body, &limits, relay->drop, relay->out);
	if (r == ERR_UNSUPPORTED)
		r = relay_tree(relay, body, &limits);
	return relay->out->failed == ERR_LIMIT ? 0 : r;
}
