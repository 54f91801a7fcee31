/*
 * upgrade.h - another program takes over the running service, in the same process
 *
 * An upgrade is a reload whose check is made by the installed file instead of the running one, and which, when that
 * check was fine, executes the file in this process: same pid, same children, sockets and shared memory (handover.h).
 * The new program then goes on where a reload would: it starts a generation of its own workers and retires the old one
 * when that is READY.  Whatever fails before the exec leaves everything as it was.
 *
 * What cannot work is found by the dry run, `NEW check --emit-fd 3 --upgrade VERSION` with the configuration that
 * serves at descriptor 4: a file that does not start, does not know this form of handover, cannot read the
 * configuration, or would need a restart for what has changed in it.
 */
#ifndef SUPERVISOR_UPGRADE_H
#define SUPERVISOR_UPGRADE_H

#include "base/compiler.h"
#include "base/err.h"
#include "supervisor/house.h"

/* "PID:FD", in the environment of the program that takes over; never in that of a child. */
#define UPGRADE_VARIABLE "MAGENTO_HANDOVER"

/*
 * The file that an upgrade executes: argv[0] as it was given when it leads to the running program, otherwise what
 * /proc/self/exe names now.  An empty text when there is neither.
 */
void upgrade_find_program(const char *argv0, char path_r[static PATH_MAX]);

/* Becomes the installed program; gives a code when that cannot be, and then nothing has changed. */
int upgrade_exec(struct house *h, struct err *err) MUST_CHECK;

/* The descriptor of the handover when this process is taking over, -1 when it begins from nothing. */
int upgrade_handover_fd(void);

/* Everything in place for service_turn() to start the new generation.  Takes fd.  Gives the new configuration. */
int upgrade_take_over(struct house *h, int fd, struct config **cfg_r, struct err *err) MUST_CHECK;

#endif
