/*
 * fiber.c - coroutines: ucontext to enter a new stack, setjmp to switch between stacks that have been entered
 *
 * swapcontext() asks the kernel for the signal mask at every switch; _setjmp() and _longjmp() do not.  glibc's
 * fortified longjmp() refuses to jump to another stack, so fortification is off in this file.  Where the processor
 * keeps a shadow stack for the thread, longjmp() cannot leave it and swapcontext() is used throughout.
 *
 * A fiber that ended is parked in its entry loop, and the next one on that stack goes on from there.
 *
 * One mapping, from low to high addresses: guard page, stack, struct fiber.
 *
 * fiber_current() has no argument, so the running fiber is known per thread; it is the only state outside the structs.
 */
#undef _FORTIFY_SOURCE

#include "base/fiber.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/err.h"
#include "base/turn.h"

#ifdef HAS_ASAN
#include <sanitizer/common_interface_defs.h>
#define NO_ASAN __attribute__((no_sanitize("address")))
#else
#define NO_ASAN
#endif

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0u
#define VALGRIND_STACK_DEREGISTER(id) (void)(id)
#endif

#define MAGIC 0x66696272u

enum state { STATE_PARKED, STATE_RUNNING, STATE_WAITING, STATE_ENDED };

/* A place to go on from; which member is used is the same for all of a process's life. */
struct context {
	jmp_buf jump;
	ucontext_t full;
};

struct fiber {
	uint32_t magic;
	enum state state;
	bool is_entered; /* here.jump is set; before that only here.full is */
	bool is_cancelled;
	bool is_secret; /* no other fiber gets this stack */
	struct fiber_pool *pool;
	struct fiber *next_idle;
	struct fiber_wait *wait; /* what it waits for, or NULL */
	const char *holder;	 /* its name as holder of the loop, while it waits; else NULL */
	void (*fn)(void *arg);
	void *arg;
	struct context here; /* where the fiber goes on */
	struct context back; /* where its resumer goes on */
	char *stack;
	unsigned valgrind_id;
#ifdef HAS_ASAN
	void *fake_stack;
	const void *back_bottom;
	size_t back_size;
#endif
};

struct fiber_pool {
	size_t max_fibers;
	size_t max_idle;
	size_t alive;
	size_t n_idle;
	struct fiber *idle;
};

static _Thread_local struct fiber *current;

/* ---- Switching --------------------------------------------------------------------------------------------------- */

/* rdsspq is a no-operation, which leaves the 0, unless the thread has a shadow stack. */
static bool
has_shadow_stack(void)
{
	uint64_t pointer = 0;

#if defined(__x86_64__)
	__asm__ volatile("rdsspq %0" : "+r"(pointer));
#endif
	return pointer != 0;
}

static __attribute__((noinline)) void
switch_context(struct context *from, struct context *to, bool is_entered)
{
	if (has_shadow_stack()) {
		swapcontext(&from->full, &to->full);
		return;
	}
	if (_setjmp(from->jump) != 0)
		return;
	if (is_entered)
		_longjmp(to->jump, 1);
	setcontext(&to->full);
	abort();
}

/*
 * The next two are the two sides of a switch.  AddressSanitizer is told before it which stack comes, and behind it that
 * it has come; a fiber that ended gives up what the sanitizer kept for its frames.
 */
static void
suspend(struct fiber *fiber, enum state state)
{
	fiber->state = state;
#ifdef HAS_ASAN
	__sanitizer_start_switch_fiber(state == STATE_ENDED ? NULL : &fiber->fake_stack, fiber->back_bottom,
				       fiber->back_size);
#endif
	switch_context(&fiber->here, &fiber->back, true);
#ifdef HAS_ASAN
	__sanitizer_finish_switch_fiber(fiber->fake_stack, &fiber->back_bottom, &fiber->back_size);
	fiber->fake_stack = NULL;
#endif
}

static void release(struct fiber *fiber);

static void
resume(struct fiber *fiber)
{
	struct fiber *resumer = current;
	bool is_entered = fiber->is_entered;
	const char *holder = turn_holder();
#ifdef HAS_ASAN
	void *fake_stack = NULL;
#endif

	if (fiber->holder != NULL)
		turn_enter(fiber->holder);
	fiber->holder = NULL;
#ifdef HAS_ASAN
	__sanitizer_start_switch_fiber(&fake_stack, fiber->stack, FIBER_STACK_BYTES);
#endif
	current = fiber;
	fiber->state = STATE_RUNNING;
	fiber->is_entered = true;
	switch_context(&fiber->back, &fiber->here, is_entered);
#ifdef HAS_ASAN
	__sanitizer_finish_switch_fiber(fake_stack, NULL, NULL);
#endif
	current = resumer;
	if (holder != NULL && holder != turn_holder())
		turn_pass(holder);
	if (fiber->state == STATE_ENDED)
		release(fiber);
}

/* The first frame of every stack.  It outlives what the sanitizer keeps for the stack, so it is left out there. */
static NO_ASAN void
run_fibers(void)
{
	struct fiber *fiber = current;

#ifdef HAS_ASAN
	__sanitizer_finish_switch_fiber(NULL, &fiber->back_bottom, &fiber->back_size);
#endif
	for (;;) {
		fiber->fn(fiber->arg);
		suspend(fiber, STATE_ENDED);
	}
}

/* ---- Stacks ------------------------------------------------------------------------------------------------------ */

static size_t
round_to_pages(size_t size, size_t page)
{
	return (size + page - 1) / page * page;
}

static size_t
mapping_size(size_t page)
{
	return page + FIBER_STACK_BYTES + round_to_pages(sizeof(struct fiber), page);
}

static struct fiber *
map_fiber(struct fiber_pool *pool)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct fiber *fiber;
	char *base;

	base = mmap(NULL, mapping_size(page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	if (mprotect(base, page, PROT_NONE) < 0) {
		munmap(base, mapping_size(page));
		return NULL;
	}
	fiber = (struct fiber *)(void *)(base + page + FIBER_STACK_BYTES);
	fiber->magic = MAGIC;
	fiber->pool = pool;
	fiber->stack = base + page;
	fiber->valgrind_id = VALGRIND_STACK_REGISTER(fiber->stack, fiber->stack + FIBER_STACK_BYTES - 1);
	getcontext(&fiber->here.full);
	fiber->here.full.uc_stack.ss_sp = fiber->stack;
	fiber->here.full.uc_stack.ss_size = FIBER_STACK_BYTES;
	fiber->here.full.uc_link = NULL;
	makecontext(&fiber->here.full, run_fibers, 0);
	return fiber;
}

static void
unmap_fiber(struct fiber *fiber)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	VALGRIND_STACK_DEREGISTER(fiber->valgrind_id);
	munmap(fiber->stack - page, mapping_size(page));
}

/* On the resumer's stack: a fiber cannot take away the stack it stands on. */
static void
release(struct fiber *fiber)
{
	struct fiber_pool *pool = fiber->pool;

	pool->alive--;
	fiber->state = STATE_PARKED;
	if (fiber->is_secret || pool->n_idle >= pool->max_idle) {
		unmap_fiber(fiber);
		return;
	}
	fiber->next_idle = pool->idle;
	pool->idle = fiber;
	pool->n_idle++;
}

static struct fiber *
take_idle(struct fiber_pool *pool)
{
	struct fiber *fiber = pool->idle;

	if (fiber == NULL)
		return NULL;
	pool->idle = fiber->next_idle;
	pool->n_idle--;
	return fiber;
}

struct fiber_pool *
fiber_pool_new(size_t max_fibers, size_t max_idle_stacks)
{
	struct fiber_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->max_fibers = max_fibers;
	pool->max_idle = max_idle_stacks;
	return pool;
}

void
fiber_pool_free(struct fiber_pool **pool)
{
	struct fiber *fiber;

	if (*pool == NULL)
		return;
	must((*pool)->alive == 0);
	for (fiber = take_idle(*pool); fiber != NULL; fiber = take_idle(*pool))
		unmap_fiber(fiber);
	free(*pool);
	*pool = NULL;
}

size_t
fiber_pool_alive(const struct fiber_pool *pool)
{
	return pool->alive;
}

/* ---- Fibers ------------------------------------------------------------------------------------------------------ */

int
fiber_start(struct fiber_pool *pool, void (*fn)(void *arg), void *arg, struct fiber **fiber_r)
{
	struct fiber *fiber;

	if (pool->alive >= pool->max_fibers)
		return ERR_FULL;
	fiber = take_idle(pool);
	if (fiber == NULL)
		fiber = map_fiber(pool);
	if (fiber == NULL)
		return ERR_NOMEM;
	pool->alive++;
	fiber->is_cancelled = false;
	fiber->wait = NULL;
	fiber->holder = NULL;
	fiber->fn = fn;
	fiber->arg = arg;
	if (fiber_r != NULL)
		*fiber_r = fiber;
	resume(fiber);
	return 0;
}

struct fiber *
fiber_current(void)
{
	return current;
}

void
fiber_forget(void)
{
	if (current != NULL)
		current->is_secret = true;
}

void
fiber_cancel(struct fiber *fiber)
{
	struct fiber_wait *wait = fiber->wait;

	must(fiber->magic == MAGIC && (fiber->state == STATE_RUNNING || fiber->state == STATE_WAITING));
	if (fiber->is_cancelled)
		return;
	fiber->is_cancelled = true;
	if (fiber->state != STATE_WAITING || wait->on_cancel == NULL)
		return;
	wait->waiting = false; /* from here on a completion is only noted; the fiber is resumed below */
	wait->on_cancel(wait->ctx);
	resume(fiber);
}

bool
fiber_is_cancelled(const struct fiber *fiber)
{
	return fiber->is_cancelled;
}

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

void
fiber_wait_init(struct fiber_wait *wait, void (*on_cancel)(void *ctx), void *ctx)
{
	*wait = (struct fiber_wait){.on_cancel = on_cancel, .ctx = ctx};
}

int
fiber_wait_for(struct fiber_wait *wait)
{
	struct fiber *fiber = current;

	must(fiber != NULL && wait->fiber == NULL);
	if (wait->done)
		return 0;
	if (fiber->is_cancelled && wait->on_cancel != NULL) {
		wait->on_cancel(wait->ctx);
		return wait->done ? 0 : ERR_CANCELLED;
	}
	wait->fiber = fiber;
	wait->waiting = true;
	fiber->wait = wait;
	fiber->holder = turn_holder();
	suspend(fiber, STATE_WAITING);
	fiber->wait = NULL;
	wait->fiber = NULL;
	return wait->done ? 0 : ERR_CANCELLED;
}

void
fiber_wait_done(struct fiber_wait *wait)
{
	must(!wait->done);
	wait->done = true;
	if (!wait->waiting)
		return;
	wait->waiting = false;
	resume(wait->fiber);
}
