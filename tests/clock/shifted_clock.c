/*
 * shifted_clock.c - preloaded into a program: its wall clock, and that of its children, is set by somebody else
 *
 * SHIFTED_CLOCK names a file of eight bytes: seconds that are added to the time of day, as an int64_t of this machine.
 * It is mapped, not kept open, so no descriptor is seen.  Other clocks stay what they are, as when a clock is set.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift_s;

static void open_shift(void) __attribute__((constructor));

static void
open_shift(void)
{
	const char *path = getenv("SHIFTED_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *place;

	if (fd < 0)
		abort(); /* a test that shifts nothing would pass */
	place = mmap(NULL, sizeof(*shift_s), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (place == MAP_FAILED)
		abort();
	shift_s = place;
}

int
clock_gettime(clockid_t id, struct timespec *now)
{
	long r = syscall(SYS_clock_gettime, id, now);

	if (r == 0 && shift_s != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		now->tv_sec += (time_t)*shift_s;
	return (int)r;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &precise) < 0)
		return -1;
	*now = (struct timeval){.tv_sec = precise.tv_sec, .tv_usec = precise.tv_nsec / 1000};
	return 0;
}

time_t
time(time_t *now_r)
{
	struct timespec precise;

	if (clock_gettime(CLOCK_REALTIME, &precise) < 0)
		return -1;
	if (now_r != NULL)
		*now_r = precise.tv_sec;
	return precise.tv_sec;
}
