/*
 * server.h - the role keeper: the one process that opens the database
 *
 * Started as "magento-mcp keeper" with exactly these descriptors open (see shm/heritage.h): 0-2, the control socket 3,
 * the sealed configuration 6, and at 7 the socket that workers connect to.  That one is either listening, made by the
 * supervisor (state_dir/keeper.sock, mode 0600), or already connected (stdio): then the keeper serves this connection
 * only and ends with it.
 *
 * It says CONTROL_READY when the database is open and sound, and CONTROL_FAILED with the reason when it is not; then
 * the exit status is 2, because no restart cures a damaged or a foreign file.  While it lives it says CONTROL_READY
 * again every KEEPER_BEAT_MS, as its heartbeat.  CONTROL_RETIRE, CONTROL_STOP, end-of-file and SIGTERM all end it after
 * the transaction at hand; a second keeper may open the file before the first has gone.
 */
#ifndef KEEPER_SERVER_H
#define KEEPER_SERVER_H

#include "shm/heritage.h"

#define KEEPER_BEAT_MS 1000
#define KEEPER_SOCKET_NAME HERITAGE_KEEPER_SOCKET /* in state_dir */

int keeper_main(int argc, char **argv);

#endif
