/*
 * upgrade.c - see upgrade.h
 */
#include "supervisor/upgrade.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "supervisor/handover.h"
#include "supervisor/memory.h"
#include "supervisor/spawn.h"

#define VARIABLE_MAX 64

/* ---- Which file ---- */

static bool
is_running_program(const char *path)
{
	struct stat ours, theirs;

	return stat("/proc/self/exe", &ours) == 0 && stat(path, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
	       ours.st_ino == theirs.st_ino;
}

void
upgrade_find_program(const char *argv0, char path_r[static PATH_MAX])
{
	ssize_t n;

	if (argv0 != NULL && strchr(argv0, '/') != NULL && strlen(argv0) < PATH_MAX && is_running_program(argv0)) {
		(void)snprintf(path_r, PATH_MAX, "%s", argv0);
		return;
	}
	n = readlink("/proc/self/exe", path_r, PATH_MAX - 1);
	path_r[n > 0 ? n : 0] = '\0';
}

/* ---- The old program ---- */

static void
keep_open(const struct handover_fds *fds, bool on)
{
	size_t i;

	for (i = 0; i < fds->n; i++)
		(void)!fd_set_cloexec(fds->fds[i], !on);
}

static int
put_environment(char *const *environment, const char *extra, const char *env_r[static SPAWN_ENV_MAX], struct err *err)
{
	size_t n = 0;

	for (; environment != NULL && *environment != NULL; environment++) {
		if (n + 2 >= SPAWN_ENV_MAX)
			return err_set(err, ERR_LIMIT, "more than %d environment variables; unset some",
				       SPAWN_ENV_MAX - 2);
		env_r[n++] = *environment;
	}
	env_r[n++] = extra;
	env_r[n] = NULL;
	return 0;
}

static int
become(const struct house *h, int fd, struct handover_fds *fds, struct err *err)
{
	char extra[VARIABLE_MAX];
	const char *env[SPAWN_ENV_MAX];
	union {
		const char *const *in;
		char *const *out;
	} envp = {env}; /* execve(2) takes it without const, and changes nothing */
	int r;

	(void)snprintf(extra, sizeof(extra), UPGRADE_VARIABLE "=%d:%d", (int)getpid(), fd);
	r = put_environment(h->options->sources->environ, extra, env, err);
	if (r < 0)
		return r;
	must(fds->n < HANDOVER_FDS_MAX);
	fds->fds[fds->n++] = fd;
	keep_open(fds, true);
	(void)execve(h->options->installed, h->options->argv, envp.out);
	r = errno;
	keep_open(fds, false);
	return err_set_errno(err, ERR_IO, r, "the program cannot be executed");
}

int
upgrade_exec(struct house *h, struct err *err)
{
	struct handover_fds fds;
	struct buf text;
	int fd = -1;
	int r;

	buf_init(&text, HANDOVER_TEXT_MAX);
	r = handover_write(h, &text, &fds);
	if (r < 0) {
		(void)err_set(err, r, "the state cannot be written down (%s)", err_name(r));
		goto out;
	}
	fd = fd_memfd_sealed("magento-mcp-handover", buf_slice(&text), err);
	r = fd;
	if (r >= 0)
		r = become(h, fd, &fds, err);
out:
	fd_close(&fd);
	buf_fini(&text);
	return r;
}

/* ---- The new program ---- */

int
upgrade_handover_fd(void)
{
	struct slice rest = slice_from_str(getenv(UPGRADE_VARIABLE));
	struct slice pid_text = SLICE_NONE;
	uint64_t pid = 0, fd = 0;
	bool is_ours;

	(void)slice_next(&rest, ':', &pid_text);
	is_ours = slice_to_u64(pid_text, INT32_MAX, &pid) == 0 && (pid_t)pid == getpid() &&
		  slice_to_u64(rest, INT32_MAX, &fd) == 0;
	(void)unsetenv(UPGRADE_VARIABLE);
	return is_ours && fd > STDERR_FILENO && fd_set_cloexec((int)fd, true) == 0 ? (int)fd : -1;
}

static int
read_handover(struct house *h, int fd, struct handover_memory *memory_r, struct err *err)
{
	struct buf text;
	int r;

	buf_init(&text, HANDOVER_TEXT_MAX);
	r = fd_read_all(fd, HANDOVER_TEXT_MAX, &text, err);
	if (r == 0)
		r = handover_read(h, buf_slice(&text), memory_r, err);
	buf_fini(&text);
	return r;
}

/* What the old workers write goes to a table that nobody else reads any more. */
static void
mark_foreign(struct house *h)
{
	size_t i;

	for (i = 0; i < HOUSE_GENERATIONS_MAX; i++)
		h->generations[i].is_foreign = h->generations[i].state != GENERATION_UNUSED;
}

static int
take_memory(struct house *h, const struct config *cfg, const struct handover_memory *handed, struct err *err)
{
	int r = memory_adopt(h, handed->table_fd, handed->keys_fd, err);

	if (r == 0)
		return 0;
	memory_say_anew(err);
	mark_foreign(h);
	r = memory_make(h, cfg, err);
	while (r == 0 && segment_generation(h->segment) < handed->generation)
		(void)segment_next_generation(h->segment);
	return r;
}

int
upgrade_take_over(struct house *h, int fd, struct config **cfg_r, struct err *err)
{
	struct handover_memory handed;
	int r;

	r = read_handover(h, fd, &handed, err);
	fd_close(&fd);
	if (r == 0)
		r = config_read_rendered(h->pending_fd, cfg_r, err);
	if (r < 0)
		return r;
	log_init(h->log_fd >= 0 ? h->log_fd : STDERR_FILENO, (*cfg_r)->server.log_level, "supervisor", -1);
	r = take_memory(h, *cfg_r, &handed, err);
	if (r < 0)
		return r;
	house_settings_from(*cfg_r, &h->pending);
	h->is_upgrading = true;
	h->state = SERVICE_ROOM;
	h->room_since_ms = clock_mono_ms();
	log_write(LOG_NOTICE, "taken_over", LOG_STR("version", MAGENTO_MCP_VERSION),
		  LOG_U64("generation", segment_generation(h->segment)), LOG_END);
	return 0;
}
