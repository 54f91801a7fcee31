#include "event_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

struct slice
event_id_format(const struct event_id *id, char text_r[static EVENT_ID_CAP])
{
	int n = snprintf(text_r, EVENT_ID_CAP, "%c-%" PRIu32 "-%" PRIu32 "-%" PRIu64 "-%" PRIu64 "-%" PRIu64,
			 id->is_get ? 'g' : 'c', id->slot, id->pid, id->generation, id->serial, id->number);

	if (id->is_get)
		n += snprintf(text_r + n, EVENT_ID_CAP - (size_t)n, "-%" PRIu64 "-%" PRIu64 "-%" PRIu64, id->digests[0],
			      id->digests[1], id->digests[2]);
	must(n > 0 && n < EVENT_ID_CAP);
	return slice_of(text_r, (size_t)n);
}

/* The next number of the text, which must be there. */
static int
take(struct slice *rest, uint64_t max, uint64_t *value_r)
{
	struct slice part;

	if (!slice_next(rest, '-', &part) || slice_to_u64(part, max, value_r) < 0)
		return ERR_INVALID;
	return 0;
}

static int
take_worker(struct slice *rest, struct event_id *id)
{
	uint64_t slot, pid;

	if (take(rest, UINT32_MAX, &slot) < 0 || take(rest, UINT32_MAX, &pid) < 0)
		return ERR_INVALID;
	id->slot = (uint32_t)slot;
	id->pid = (uint32_t)pid;
	return take(rest, UINT64_MAX, &id->generation);
}

int
event_id_parse(struct slice text, struct event_id *id_r)
{
	struct slice rest = text, kind;

	memset(id_r, 0, sizeof(*id_r));
	if (text.len >= EVENT_ID_CAP || !slice_next(&rest, '-', &kind) ||
	    (!slice_is(kind, "c") && !slice_is(kind, "g")))
		return ERR_INVALID;
	id_r->is_get = slice_is(kind, "g");
	if (take_worker(&rest, id_r) < 0 || take(&rest, UINT64_MAX, &id_r->serial) < 0 ||
	    take(&rest, UINT64_MAX - 1, &id_r->number) < 0)
		return ERR_INVALID;
	for (size_t i = 0; id_r->is_get && i < FRAME_LISTS_COUNT; i++) {
		if (take(&rest, UINT64_MAX, &id_r->digests[i]) < 0)
			return ERR_INVALID;
	}
	return rest.ptr == NULL ? 0 : ERR_INVALID;
}
