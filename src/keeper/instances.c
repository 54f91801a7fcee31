/*
 * instances.c - open file description locks as signs of life
 */
#include "instances.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rand.h"
#include "database.h"

/* Open file description locks: not lost when some library closes another descriptor of the file. */
static int
lock_instance(int fd, int command, uint64_t instance, struct flock *lock)
{
	*lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)instance, .l_len = 1};
	return fcntl(fd, command, lock);
}

int
instances_join(struct database *database, struct err *err)
{
	struct flock lock;
	char *path = NULL;
	int r;

	if (asprintf(&path, "%s-keepers", database->path) < 0)
		return err_set(err, ERR_NOMEM, "%s: no memory to open it.", database->path);
	database->keepers_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	do
		database->instance = rand_u64() >> 2;
	while (database->instance == 0);
	r = database->keepers_fd < 0 ? -1 : lock_instance(database->keepers_fd, F_OFD_SETLK, database->instance, &lock);
	if (r < 0)
		r = err_set_errno(err, ERR_IO, errno, "%s cannot be opened and locked", path);
	free(path);
	return r;
}

bool
database_holder_is_live(const struct database *database, uint64_t holder, uint64_t connection)
{
	struct flock lock;

	if (holder == 0)
		return false;
	if (holder == database->instance)
		return database->connection_is_live == NULL || database->connection_is_live(database->ctx, connection);
	if (holder >> 62 != 0 || lock_instance(database->keepers_fd, F_OFD_GETLK, holder, &lock) < 0)
		return false;
	return lock.l_type != F_UNLCK;
}
