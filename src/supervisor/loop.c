/*
 * loop.c - the only place that waits: one ppoll over everything the supervisor listens to
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/house.h"

enum source {
	FROM_SIGNALS,
	FROM_CTL,
	FROM_CLIENT,
	FROM_CONTROL,
	FROM_PIDFD,
	FROM_KEEPER,
	FROM_KEEPER_PIDFD,
	FROM_CHECK_ERR,
	FROM_CHECK_PIDFD
};

#define SOURCES_MAX (2 + CTL_CLIENTS_MAX + 2 * BOARD_ROWS + 4)
#define SIGNALS_PER_TURN 16

struct poll_set {
	struct pollfd fds[SOURCES_MAX];
	enum source from[SOURCES_MAX];
	uint32_t index[SOURCES_MAX];
	size_t n;
};

static void
add(struct poll_set *set, int fd, short events, enum source from, uint32_t index)
{
	if (fd < 0)
		return;
	set->fds[set->n] = (struct pollfd){.fd = fd, .events = events};
	set->from[set->n] = from;
	set->index[set->n] = index;
	set->n++;
}

static void
fill(const struct house *h, struct poll_set *set)
{
	uint32_t i;

	set->n = 0;
	add(set, h->signal_fd, POLLIN, FROM_SIGNALS, 0);
	add(set, h->ctl.fd, POLLIN, FROM_CTL, 0);
	for (i = 0; i < CTL_CLIENTS_MAX; i++)
		add(set, h->ctl.clients[i].fd, ctl_client_events(&h->ctl.clients[i]), FROM_CLIENT, i);
	for (i = 0; i < BOARD_ROWS; i++) {
		add(set, h->workers[i].control, POLLIN, FROM_CONTROL, i);
		add(set, h->workers[i].pidfd, POLLIN, FROM_PIDFD, i);
	}
	add(set, h->keeper.control, POLLIN, FROM_KEEPER, 0);
	add(set, h->keeper.pidfd, POLLIN, FROM_KEEPER_PIDFD, 0);
	add(set, h->check.err_fd, POLLIN, FROM_CHECK_ERR, 0);
	add(set, h->check.pidfd, POLLIN, FROM_CHECK_PIDFD, 0);
}

/* ---- What comes ---- */

static void
reap_check(struct house *h, uint64_t now_ms)
{
	int wait_status = 0;

	if (check_reap(&h->check, &wait_status))
		service_check_over(h, wait_status, now_ms);
}

/* pidfds tell of deaths; SIGCHLD is for those that got none. */
static void
reap_all(struct house *h, uint64_t now_ms)
{
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++)
		(void)worker_reap(h, &h->workers[i], now_ms);
	(void)keeper_role_reap(h, now_ms);
	reap_check(h, now_ms);
}

static void
take_signal(struct house *h, uint32_t signo, uint64_t now_ms)
{
	struct err err;

	switch (signo) {
	case SIGHUP:
		service_event(h, SERVICE_EV_RELOAD, now_ms);
		break;
	case SIGUSR1:
		(void)report_reopen(h, &err);
		break;
	case SIGUSR2:
		if (service_want_upgrade(h, &err) == 0)
			service_event(h, SERVICE_EV_RELOAD, now_ms);
		else
			log_write(LOG_ERROR, "upgrade_failed", LOG_STR("text", err.text), LOG_END);
		break;
	case SIGTERM:
	case SIGQUIT:
		service_event(h, SERVICE_EV_STOP, now_ms);
		break;
	case SIGINT:
		service_event(h, SERVICE_EV_STOP_NOW, now_ms);
		break;
	case SIGWINCH:
		service_event(h, SERVICE_EV_DRAIN, now_ms);
		break;
	default:
		reap_all(h, now_ms);
		break;
	}
}

static void
read_signals(struct house *h, uint64_t now_ms)
{
	struct signalfd_siginfo info;
	int i;

	for (i = 0; i < SIGNALS_PER_TURN; i++) {
		if (read(h->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
			return;
		take_signal(h, info.ssi_signo, now_ms);
	}
}

static void
dispatch(struct house *h, enum source from, uint32_t index, uint64_t now_ms)
{
	switch (from) {
	case FROM_SIGNALS:
		read_signals(h, now_ms);
		break;
	case FROM_CTL:
		ctl_accept(&h->ctl, now_ms);
		break;
	case FROM_CLIENT:
		if (h->ctl.clients[index].fd >= 0)
			ctl_client_turn(&h->ctl, &h->ctl.clients[index], now_ms);
		break;
	case FROM_CONTROL:
		worker_hear(h, &h->workers[index], now_ms);
		break;
	case FROM_PIDFD:
		(void)worker_reap(h, &h->workers[index], now_ms);
		break;
	case FROM_KEEPER:
		keeper_role_hear(h, now_ms);
		break;
	case FROM_KEEPER_PIDFD:
		(void)keeper_role_reap(h, now_ms);
		break;
	case FROM_CHECK_ERR:
		check_read(&h->check);
		break;
	case FROM_CHECK_PIDFD:
		reap_check(h, now_ms);
		break;
	}
}

/* ---- What is due ---- */

static void
turn_clock(struct house *h, uint64_t now_ms)
{
	bool is_healthy;

	if (heartbeat_tick(&h->watch, now_ms))
		workers_check_hearts(h, now_ms);
	workers_due(h, now_ms);
	keeper_role_due(h, now_ms);
	check_expire(&h->check, now_ms);
	ctl_expire(&h->ctl, now_ms);
	service_turn(h, now_ms);
	/* Drained or stopping there is nobody who could be READY, and that is as it should be. */
	is_healthy = heartbeat_on_time(&h->watch) &&
		     (h->is_drained || h->state >= SERVICE_STOPPING || workers_are_healthy(h, now_ms));
	notify_watchdog(&h->notify, is_healthy, now_ms);
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct timespec
time_to_wait(const struct house *h)
{
	uint64_t now_ms = clock_mono_ms();
	uint64_t next_ms = least(h->watch.due_ms, workers_next_deadline(h));
	uint64_t wait_ms;

	next_ms = least(next_ms, keeper_role_next_deadline(h));
	next_ms = least(next_ms, ctl_next_deadline(&h->ctl));
	if (check_is_running(&h->check))
		next_ms = least(next_ms, h->check.deadline_ms);
	if (h->notify.watchdog_ms != 0 && h->notify.watchdog_due_ms > now_ms)
		next_ms = least(next_ms, h->notify.watchdog_due_ms);
	wait_ms = next_ms > now_ms ? next_ms - now_ms : 0;
	return (struct timespec){.tv_sec = (time_t)(wait_ms / 1000), .tv_nsec = (long)(wait_ms % 1000) * 1000000L};
}

int
loop_run(struct house *h)
{
	struct poll_set set;
	struct timespec wait;
	uint64_t now_ms;
	size_t i;
	int n;

	turn_clock(h, clock_mono_ms());
	while (h->state != SERVICE_ENDED) {
		fill(h, &set);
		wait = time_to_wait(h);
		n = ppoll(set.fds, set.n, &wait, NULL);
		if (n < 0 && errno != EINTR)
			return ERR_IO;
		now_ms = clock_mono_ms();
		for (i = 0; n > 0 && i < set.n; i++) {
			if (set.fds[i].revents != 0)
				dispatch(h, set.from[i], set.index[i], now_ms);
		}
		turn_clock(h, now_ms);
	}
	return 0;
}
