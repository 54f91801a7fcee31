/*
 * stillborn.c - linked into a magento-mcp of the tests: its workers die before they are READY while a file exists
 *
 * STILLBORN names the file.  A worker looks for it before its main(), so none slips through however slow the watcher
 * is.  Linked, not preloaded, since sanitizers want to be the first library.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die_while_marked(int argc, char **argv) __attribute__((constructor));

/* glibc hands what main() will get to constructors, too. */
static void
die_while_marked(int argc, char **argv)
{
	const char *path = getenv("STILLBORN");

	if (argc < 2 || strcmp(argv[1], "worker") != 0)
		return;
	if (path == NULL)
		abort(); /* a test in which everybody lives would pass */
	if (access(path, F_OK) == 0)
		(void)kill(getpid(), SIGKILL);
}
