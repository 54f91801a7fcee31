/*
 * supervisor.h - the process that owns listeners, shared memory and workers, and parses nothing from the network
 *
 * supervisor_run() is `magento-mcp serve`.  It stays in the foreground until it is told to stop:
 *
 *   HUP        reload: check the configuration in a child, start a whole new generation, retire the old one
 *   USR1       reopen server.log_file, here and in every worker
 *   USR2       upgrade: the installed file takes over this very process, then as HUP
 *   TERM QUIT  graceful stop within server.drain_ms; a second one means now, a third one kills
 *   INT        stop now
 *   WINCH      retire the workers, keep sockets and table; the next HUP brings workers back
 *
 * The control socket (server.control_socket, mode 0600) takes one line of words and answers `OK` or `ERROR text`, then
 * a body until EOF: `status`, `status json`, `reload`, `reload wait`, `upgrade`, `upgrade wait`,
 * `stop`, `stop wait`, `drain`, `reopen`.
 *
 * Under systemd it takes the sockets of LISTEN_FDS (named `admin` in LISTEN_FDNAMES: the admin listener; any other
 * name: an MCP listener, all of which replace server.listen) and speaks the notify protocol, the watchdog included.
 */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include "base/compiler.h"
#include "config/config.h"

/*
 * Serves until told to stop.  `sources` and all it points to must live until the end: a reload reads them again.
 * `argv` is the whole command line: what an upgrade executes the installed file with.  Gives the exit status of the
 * process: 0 stopped as told; 1 may be tried again (port in use, no memory); 2 the configuration cannot work, or
 * another server is running.  What went wrong is on standard error, one line.  Changes process-wide state: signal mask,
 * umask, core limit, dumpability.
 */
int supervisor_run(const struct config_sources *sources, char *const *argv) MUST_CHECK;

#endif
