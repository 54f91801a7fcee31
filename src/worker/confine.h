/*
 * confine.h - a worker gives up the file system, as far as it does not need it (Landlock)
 *
 * Everything it writes to was opened before, by the supervisor.  What is left is reading what libraries read at run
 * time, wherever the system keeps it and also when it is replaced there: resolver and name service, certificates,
 * shared libraries.  Nothing can be written, made, removed or executed; where the kernel knows more, no TCP port can be
 * bound and no process outside be signalled.  Connecting is not restricted: shops and the keeper's socket are reached.
 *
 * Runs in: worker.
 */
#ifndef WORKER_CONFINE_H
#define WORKER_CONFINE_H

#include <stdbool.h>

/*
 * For good, for this process.  `ca_file` may be "" or lead to certificates elsewhere: its folder is readable.  False
 * when the kernel has no Landlock, or it is switched off: then nothing has changed.
 */
bool confine_self(const char *ca_file);

#endif
