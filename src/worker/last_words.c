/*
 * last_words.c - why this worker died, left on the board for the supervisor to read
 *
 * The signal handler only calls what is safe in one: it walks the stack with backtrace(), which is made ready
 * beforehand so that it need not load a library when it counts, and stores words into shared memory.
 */
#include <execinfo.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/turn.h"
#include "worker_private.h"

/* Sanitizers report more than we could say, through handlers of their own. */
#if defined(__SANITIZE_ADDRESS__)
#define LEAVE_SIGNALS_ALONE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAVE_SIGNALS_ALONE 1
#endif
#endif
#ifndef LEAVE_SIGNALS_ALONE
#define LEAVE_SIGNALS_ALONE 0
#endif

/* The row of this process; set once, read by the signal handler. */
static struct board_row *own_row;

/* A fiber that has run out of stack cannot run a handler on it. */
static char handler_stack[64 * 1024];

static const struct {
	int number;
	const char *text;
} fatal[] = {
    {SIGSEGV, "signal SIGSEGV: bad memory access"}, {SIGBUS, "signal SIGBUS: bad memory access"},
    {SIGFPE, "signal SIGFPE: bad arithmetic"},	    {SIGILL, "signal SIGILL: bad instruction"},
    {SIGABRT, "signal SIGABRT: aborted"},
};

static size_t
append(char words[static BOARD_LAST_WORDS_TEXT], size_t len, const char *text)
{
	while (*text != '\0' && len < BOARD_LAST_WORDS_TEXT - 1)
		words[len++] = *text++;
	return len;
}

/* With the name of who held the loop: for a worker that hung, that is the whole story. */
static void
leave(const char *text)
{
	char words[BOARD_LAST_WORDS_TEXT] = "";
	void *frames[BOARD_LAST_WORDS_FRAMES];
	const char *holder = turn_holder();
	size_t len = append(words, 0, text);
	int n;

	if (holder != NULL)
		append(words, append(words, len, ", in "), holder);
	n = backtrace(frames, BOARD_LAST_WORDS_FRAMES);
	board_write_last_words(own_row, words, frames, n > 0 ? (size_t)n : 0);
	log_flush();
}

static void
on_fatal(int number)
{
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++) {
		if (fatal[i].number == number)
			leave(fatal[i].text);
	}
	signal(number, SIG_DFL);
	raise(number);
}

void
last_words_install(struct board_row *row)
{
	const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};
	struct sigaction action;
	void *warm_up[1];

	own_row = row;
	backtrace(warm_up, 1);
	must_set_hook(leave);
	if (LEAVE_SIGNALS_ALONE || sigaltstack(&stack, NULL) < 0)
		return;
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_fatal;
	action.sa_flags = (int)SA_RESETHAND | SA_ONSTACK;
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		sigaction(fatal[i].number, &action, NULL);
}
