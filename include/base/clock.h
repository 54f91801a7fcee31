/*
 * clock.h - time, read once per loop turn and passed down as an argument
 *
 * mono_ms is CLOCK_BOOTTIME-free monotonic time: for deadlines, idle clocks, intervals.  wall_ms is Unix time: for what
 * leaves the process (log lines, expiry shown to people, OAuth timestamps, JWT exp).
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t clock_mono_ms(void);
uint64_t clock_mono_us(void);
uint64_t clock_wall_ms(void);
uint64_t clock_coarse_ms(void); /* monotonic, as of the kernel's last tick: cheap, and up to 10 ms old */

#define CLOCK_ISO_CAP 32
/* "2026-11-22T10:16:57Z", or with milliseconds "2026-11-22T10:16:57.123Z". */
void clock_format_iso(uint64_t wall_ms, char out_r[static CLOCK_ISO_CAP]);
void clock_format_iso_ms(uint64_t wall_ms, char out_r[static CLOCK_ISO_CAP]);

#endif
