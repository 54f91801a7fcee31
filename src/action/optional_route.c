#include "optional_route.h"

#include <string.h>

#include "base/clock.h"
#include "magento/param.h"

#define MISSES_MAX 128
#define PREFIX "/V1"

struct miss {
	uint64_t key; /* 0: free */
	uint64_t until_mono_ms;
};

static struct miss misses[MISSES_MAX];

/* FNV-1a: what is remembered by mistake is forgotten after ten minutes. */
static uint64_t
key_of(const char *base_url, const char *configured)
{
	const char *const parts[] = {base_url, "\n", configured};
	uint64_t key = 14695981039346656037u;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		for (const char *c = parts[i]; *c != '\0'; c++)
			key = (key ^ (unsigned char)*c) * 1099511628211u;
	}
	return key != 0 ? key : 1;
}

bool
optional_route_was_missed(const char *base_url, const char *configured, uint64_t now_mono_ms)
{
	uint64_t key = key_of(base_url, configured);

	for (size_t i = 0; i < MISSES_MAX; i++) {
		if (misses[i].key == key && now_mono_ms < misses[i].until_mono_ms)
			return true;
	}
	return false;
}

void
optional_route_missed(const char *base_url, const char *configured, uint64_t now_mono_ms)
{
	uint64_t key = key_of(base_url, configured);
	struct miss *place = &misses[0];

	for (size_t i = 0; i < MISSES_MAX; i++) {
		if (misses[i].key == key) {
			place = &misses[i];
			break;
		}
		if (misses[i].until_mono_ms < place->until_mono_ms)
			place = &misses[i];
	}
	*place = (struct miss){.key = key, .until_mono_ms = now_mono_ms + OPTIONAL_ROUTE_MISS_MS};
}

enum optional_route_state
optional_route_look(struct store_client *sc, const char *configured, struct optional_route *route_r)
{
	struct pool *pool = sc->call->pool;
	struct magento_param *query;
	char *path, *mark;

	memset(route_r, 0, sizeof(*route_r));
	if (configured[0] == '\0')
		return OPTIONAL_ROUTE_OFF;
	if (optional_route_was_missed(sc->magento.base_url, configured, clock_mono_ms()))
		return OPTIONAL_ROUTE_MISSING;
	path = pool_strdup(pool, configured + sizeof(PREFIX) - 1);
	query = pool_alloc(pool, OPTIONAL_ROUTE_QUERY_MAX * sizeof(*query));
	if (path == NULL || query == NULL)
		return OPTIONAL_ROUTE_OFF;
	mark = strchr(path, '?');
	if (mark != NULL) {
		*mark = '\0';
		route_r->n_query = param_query_split(mark + 1, query, OPTIONAL_ROUTE_QUERY_MAX);
	}
	route_r->path = path;
	route_r->query = query;
	return OPTIONAL_ROUTE_ASK;
}
