/*
 * confine.c - see confine.h.  System calls by number: the C library has none for them
 */
#include "confine.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/fd.h"

#define CALL_CREATE_RULESET 444
#define CALL_ADD_RULE 445
#define CALL_RESTRICT_SELF 446
#define ASK_VERSION 1u
#define RULE_PATH_BENEATH 1

#define MAY_WRITE_FILE (1u << 1)
#define MAY_READ_FILE (1u << 2)
#define MAY_READ_DIR (1u << 3)
#define ALL_OF_ABI_1 ((1u << 13) - 1) /* execute, write, read, list, remove, make */
#define REFER (1u << 13)	      /* ABI 2: rename and link across folders */
#define TRUNCATE (1u << 14)	      /* ABI 3 */
#define BIND_TCP 1u		      /* ABI 4 */
#define SCOPE_SIGNAL 2u		      /* ABI 6 */

struct ruleset {
	uint64_t files;
	uint64_t net;
	uint64_t scoped;
};

struct __attribute__((packed)) path_rule {
	uint64_t allowed;
	int32_t parent_fd;
};

/* The kernel refuses bits that it does not know. */
static struct ruleset
everything_of(long abi)
{
	struct ruleset set = {.files = ALL_OF_ABI_1};

	if (abi >= 2)
		set.files |= REFER;
	if (abi >= 3)
		set.files |= TRUNCATE;
	if (abi >= 4)
		set.net = BIND_TCP;
	if (abi >= 6)
		set.scoped = SCOPE_SIGNAL;
	return set;
}

/* And it reads no more of the struct than it is told to. */
static size_t
size_of(long abi)
{
	if (abi >= 6)
		return sizeof(struct ruleset);
	return abi >= 4 ? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
}

/* What is not there needs no rule. */
static bool
allow(int ruleset, const char *path, uint64_t rights)
{
	struct path_rule rule = {.allowed = rights};
	struct stat st;
	bool is_fine;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return true;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= ~(uint64_t)MAY_READ_DIR;
	is_fine = syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
	(void)close(rule.parent_fd);
	return is_fine;
}

/* A certificate file is replaced by renaming, so the rule has to be its folder's. */
static bool
allow_folder_of(int ruleset, const char *file)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(file, '/');

	if (slash == NULL || (size_t)(slash - file) >= sizeof(folder))
		return true;
	(void)snprintf(folder, sizeof(folder), "%.*s", slash == file ? 1 : (int)(slash - file), file);
	return allow(ruleset, folder, MAY_READ_FILE);
}

static bool
allow_all(int ruleset, const char *ca_file)
{
	static const char *const readable[] = {
		"/etc",
		"/usr",
		"/lib",
		"/lib64",
		"/run/systemd/resolve",
		"/run/resolvconf",
		"/run/NetworkManager",
		"/run/nscd",
		"/sys/devices/system/cpu",
		"/dev/urandom",
#if defined(__SANITIZE_ADDRESS__)
		"/proc", /* the leak checker looks at its own process */
#endif
	};
	bool is_fine = allow(ruleset, "/dev/null", MAY_READ_FILE | MAY_WRITE_FILE) && allow_folder_of(ruleset, ca_file);

	for (size_t i = 0; i < ARRAY_LEN(readable); i++)
		is_fine = is_fine && allow(ruleset, readable[i], MAY_READ_FILE | MAY_READ_DIR);
	return is_fine;
}

bool
confine_self(const char *ca_file)
{
	long abi = syscall(CALL_CREATE_RULESET, NULL, 0, ASK_VERSION);
	struct ruleset set;
	bool is_fine;
	int fd;

	if (abi < 1)
		return false;
	set = everything_of(abi);
	fd = (int)syscall(CALL_CREATE_RULESET, &set, size_of(abi), 0); /* CLOEXEC by definition */
	if (fd < 0)
		return false;
	is_fine = allow_all(fd, ca_file) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		  syscall(CALL_RESTRICT_SELF, fd, 0) == 0;
	fd_close(&fd);
	return is_fine;
}
