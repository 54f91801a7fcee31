/*
 * mourn.c - see mourn.h; also worker_reap() of house.h
 */
#include "supervisor/mourn.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/log.h"
#include "supervisor/spawn.h"

#define FRAMES_TEXT_MAX (BOARD_LAST_WORDS_FRAMES * 20)

/* False when it left none. */
static bool
log_last_words(struct house *h, const struct worker *w, struct board_last_words *words)
{
	struct buf frames;
	size_t i;

	if (!board_take_last_words(board_row(h->segment, w->slot), words))
		return false;
	buf_init(&frames, FRAMES_TEXT_MAX);
	for (i = 0; i < words->n_frames; i++)
		(void)buf_printf(&frames, "%s0x%" PRIx64, i == 0 ? "" : " ", words->frames[i]);
	log_write(LOG_ERROR, "last_words", LOG_U64("worker", w->slot), LOG_I64("worker_pid", words->pid),
		  LOG_STR("text", words->text), LOG_STR("frames", buf_cstr(&frames)), LOG_END);
	buf_fini(&frames);
	return true;
}

/* Addresses differ from process to process, so the text alone says whether it is the same crash. */
static void
count_crash(struct house *h, const struct worker *w, const char *text, uint64_t now_ms)
{
	uint64_t cause = text != NULL ? hash_crc32c(0, text, strlen(text)) : (uint64_t)w->wait_status << 32;

	if (!crashes_note(&h->crashes, cause, now_ms))
		return;
	board_service_add(h->segment, BOARD_CRASH_LOOPS);
	log_write(LOG_ERROR, "crash_loop", LOG_U64("crashes", CRASHES_LOUD), LOG_U64("within_ms", CRASHES_WINDOW_MS),
		  LOG_STR("text", text), LOG_I64("wait_status", w->wait_status), LOG_END);
}

/* As it was told, or by a signal that is known to have come from here or from a terminal. */
static bool
ended_as_it_should(const struct worker *w)
{
	bool is_leaving = w->state == WORKER_RETIRING || w->state == WORKER_STOPPING;

	if (w->state == WORKER_CUT)
		return true;
	if (WIFSIGNALED(w->wait_status))
		return is_leaving && (WTERMSIG(w->wait_status) == SIGTERM || WTERMSIG(w->wait_status) == SIGINT);
	return WEXITSTATUS(w->wait_status) == 0;
}

static void
log_death(const struct worker *w, bool is_fine, uint64_t now_ms)
{
	bool by_signal = WIFSIGNALED(w->wait_status);

	log_write(is_fine ? LOG_INFO : LOG_ERROR, "worker_ended", LOG_U64("worker", w->slot),
		  LOG_I64("worker_pid", w->pid), LOG_STR("state", states_worker_name(w->state)),
		  LOG_STR("by", by_signal ? "signal" : "exit"),
		  LOG_I64("status", by_signal ? WTERMSIG(w->wait_status) : WEXITSTATUS(w->wait_status)),
		  LOG_U64("lived_ms", now_ms - w->started_ms),
		  LOG_STR("text", w->failed_text[0] != '\0' ? w->failed_text : NULL), LOG_END);
}

/* Its row stays in the board for the totals; the slot's next worker goes on counting there. */
static void
bury(struct house *h, struct worker *w, uint64_t now_ms)
{
	struct board_row *row = board_row(h->segment, w->slot);
	bool is_fine = ended_as_it_should(w);
	struct board_last_words words;
	bool has_words;

	log_death(w, is_fine, now_ms);
	has_words = log_last_words(h, w, &words);
	if (!is_fine && w->ready_at_ms != 0)
		count_crash(h, w, has_words ? words.text : NULL, now_ms);
	if (board_pid(row) == w->pid)
		board_set_state(row, BOARD_DEAD);
	fd_close(&w->control);
	fd_close(&w->pidfd);
	w->pid = -1;
}

/*
 * Exit status 2 says that the configuration cannot work.  One that has served can: what fails now is something else,
 * which passes or which somebody mends, so the back-off decides.
 */
static bool
has_refused(const struct worker *w)
{
	return w->generation->state == GENERATION_STARTING && WIFEXITED(w->wait_status) &&
	       WEXITSTATUS(w->wait_status) == EXIT_STATUS_CONFIG;
}

static void
note_unborn(struct worker *w)
{
	struct err err;

	if (spawn_judge(w->wait_status, "the program", &err) < 0)
		(void)snprintf(w->failed_text, sizeof(w->failed_text), "%.*s", CONTROL_TEXT_MAX - 1, err.text);
}

bool
worker_reap(struct house *h, struct worker *w, uint64_t now_ms)
{
	bool refused;
	pid_t r;

	if (w->pid <= 0)
		return false;
	r = waitpid(w->pid, &w->wait_status, WNOHANG);
	if (r == 0)
		return false;
	if (r < 0)
		w->wait_status = 0;		 /* somebody else has reaped it */
	(void)worker_read_control(h, w, now_ms); /* what it said before it died comes first */
	note_unborn(w);
	refused = has_refused(w);
	bury(h, w, now_ms);
	worker_event(h, w, refused ? WORKER_EV_REFUSED : WORKER_EV_EXIT, now_ms);
	return true;
}

static void
describe(const struct worker *w, char *text_r, size_t cap)
{
	int status = w->wait_status;

	if (w->failed_text[0] != '\0')
		(void)snprintf(text_r, cap, "worker %u: %s", w->slot, w->failed_text);
	else if (WIFSIGNALED(status))
		(void)snprintf(text_r, cap, "worker %u was killed by signal %d before it was ready", w->slot,
			       WTERMSIG(status));
	else
		(void)snprintf(text_r, cap, "worker %u ended with status %d before it was ready", w->slot,
			       WEXITSTATUS(status));
}

void
mourn_keep_reason(struct worker *w)
{
	struct generation *g = w->generation;

	if (g->failure[0] == '\0' && g->state == GENERATION_STARTING)
		describe(w, g->failure, sizeof(g->failure));
}
