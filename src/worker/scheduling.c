#include "scheduling.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

#define TOLD_MAX 96 /* three numbers: the time that it ran, the time that it waited, how often it ran */

bool
scheduling_judge(struct scheduling *scheduling, const struct scheduling_sample *now)
{
	const struct scheduling_sample last = scheduling->last;
	uint64_t ms = now->at_ms - last.at_ms, runs = now->runs - last.runs;
	uint64_t sleeps_per_s = ms > 0 ? (now->sleeps - last.sleeps) * 1000 / ms : 0;

	if (ms == 0)
		return scheduling->is_batch;
	scheduling->last = *now;
	if (!scheduling->is_batch)
		return sleeps_per_s >= SCHEDULING_BUSY && now->at_ms >= scheduling->normal_until_ms;
	if (sleeps_per_s < SCHEDULING_QUIET)
		return false;
	if (runs == 0 || (now->waited_us - last.waited_us) / runs < SCHEDULING_WAIT_US)
		return true;
	scheduling->normal_until_ms = now->at_ms + SCHEDULING_HOLD_MS;
	return false;
}

static bool
look(const struct scheduling *scheduling, uint64_t now_ms, struct scheduling_sample *sample_r)
{
	struct rusage usage;
	char told[TOLD_MAX];
	uint64_t waited_ns;
	ssize_t n = pread(scheduling->fd, told, sizeof(told) - 1, 0);

	if (n <= 0 || getrusage(RUSAGE_THREAD, &usage) < 0)
		return false;
	told[n] = '\0';
	if (sscanf(told, "%*u %" SCNu64 " %" SCNu64, &waited_ns, &sample_r->runs) != 2)
		return false;
	sample_r->waited_us = waited_ns / 1000;
	sample_r->sleeps = (uint64_t)usage.ru_nvcsw;
	sample_r->at_ms = now_ms;
	return true;
}

void
scheduling_open(struct scheduling *scheduling)
{
	*scheduling = (struct scheduling){.fd = -1};
	if (sched_getscheduler(0) == SCHED_OTHER)
		scheduling->fd = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);
}

void
scheduling_close(struct scheduling *scheduling)
{
	fd_close(&scheduling->fd);
}

static void
choose(struct scheduling *scheduling, bool batch)
{
	const struct sched_param none = {.sched_priority = 0};

	if (sched_setscheduler(0, batch ? SCHED_BATCH : SCHED_OTHER, &none) == 0) {
		scheduling->is_batch = batch;
		return;
	}
	log_write(LOG_NOTICE, "scheduling_refused", LOG_STR("error", strerror(errno)),
		  LOG_STR("cure", "allow the system call sched_setscheduler (SystemCallFilter= of the unit), or set "
				  "server.scheduling = normal"),
		  LOG_END);
	scheduling_close(scheduling);
}

void
scheduling_pulse(struct scheduling *scheduling, uint64_t now_ms)
{
	struct scheduling_sample now;
	bool batch;

	if (scheduling->fd < 0 || !look(scheduling, now_ms, &now))
		return;
	batch = scheduling_judge(scheduling, &now);
	if (batch != scheduling->is_batch)
		choose(scheduling, batch);
}
