/*
 * settle.c - a moment after READY, a worker loads what its first request to a shop will need, so that no request waits
 * for that, and gives back what only the start needed; likewise later, when a busy time is over, what only that needed
 *
 * Where others serve already (after a death, at a reload) it loads before READY: it will be busy from its first moment.
 *
 * The heap keeps what was freed, and a burst of calls leaves it in pieces: megabytes that nobody uses for hours.
 * The code that ran once (the dynamic linker's tables, the initialisation of libraries) stays mapped for as long as
 * nobody says that it is not needed.  The pages are the page cache's, shared by all workers; what is needed again comes
 * back from there by a minor fault.  Only segments that nobody may write to are let go, so that no change can be lost.
 */
#include <event2/event.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/turn.h"
#include "worker_private.h"

#define SETTLE_MS 500
#define QUIET_MS 60000 /* without a request: the busy time is over */

static void
forget_segment(const struct dl_phdr_info *object, const ElfW(Phdr) * segment, uintptr_t page)
{
	uintptr_t from = object->dlpi_addr + segment->p_vaddr;
	uintptr_t to = (from + segment->p_memsz) / page * page; /* the last page may be shared with the next segment */

	from = from / page * page;
	if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W) && from < to)
		(void)madvise((void *)from, to - from, MADV_DONTNEED); /* the kernel's own objects do not allow it */
}

/* One that the linker had to change where it may not be written to has changes to lose. */
static bool
has_text_relocations(const struct dl_phdr_info *object)
{
	for (ElfW(Half) i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->dlpi_addr + segment->p_vaddr);

		if (segment->p_type != PT_DYNAMIC)
			continue;
		for (; entry->d_tag != DT_NULL; entry++) {
			if (entry->d_tag == DT_TEXTREL ||
			    (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL)))
				return true;
		}
	}
	return false;
}

static int
forget_object(struct dl_phdr_info *object, size_t size, void *ctx)
{
	const uintptr_t *page = ctx;

	(void)size;
	if (has_text_relocations(object))
		return 0;
	for (ElfW(Half) i = 0; i < object->dlpi_phnum; i++)
		forget_segment(object, &object->dlpi_phdr[i], *page);
	return 0;
}

static void
give_back(struct worker *worker)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)malloc_trim(0);
	(void)dl_iterate_phdr(forget_object, &page);
	worker->settle.is_due = false;
}

static void
look_again_in(struct worker *worker, long ms)
{
	const struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)event_add(worker->settle.event, &wait); /* without memory, it stays as it is */
}

static void
open_shops(struct worker *worker)
{
	struct err err = {.code = ERR_OK};

	if (fetch_open(worker->fetch, &err) < 0)
		log_write(LOG_ERROR, "shops_out_of_reach", LOG_STR("error", err.text), LOG_END);
}

/* Then nobody waits for this one.  At the first start of all, those of its kind that were quicker do not count. */
static bool
others_serve(const struct worker *worker)
{
	struct board_status own, other;

	board_read(worker->row, &own);
	for (uint32_t i = 0; i < BOARD_ROWS; i++) {
		board_read(board_row(worker->segment, i), &other);
		if (i != worker->slot && other.state == BOARD_READY &&
		    (own.counters[BOARD_STARTS] > 1 || other.generation != worker->generation))
			return true;
	}
	return false;
}

static void
on_settle(evutil_socket_t fd, short what, void *ctx)
{
	struct worker *worker = ctx;
	uint64_t requests = http_server_stats(worker->http)->requests_total;

	(void)fd;
	(void)what;
	turn_enter("settle");
	if (worker->settle.looks++ == 0)
		open_shops(worker);
	if (requests != worker->settle.requests)
		worker->settle.is_due = true;
	else if (worker->settle.is_due)
		give_back(worker);
	worker->settle.requests = requests;
	look_again_in(worker, QUIET_MS);
}

int
settle_start(struct worker *worker)
{
	worker->settle.event = evtimer_new(worker->base, on_settle, worker);
	if (worker->settle.event == NULL)
		return ERR_NOMEM;
	if (others_serve(worker))
		open_shops(worker);
	worker->settle.is_due = true;
	look_again_in(worker, SETTLE_MS);
	return 0;
}

void
settle_stop(struct worker *worker)
{
	if (worker->settle.event != NULL)
		event_free(worker->settle.event);
	worker->settle.event = NULL;
}
