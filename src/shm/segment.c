/*
 * segment.c - making, mapping and checking the segment
 */
#include "shm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/rand.h"
#include "shm/layout.h"

#define PAGE_BYTES 4096

static size_t
round_up(size_t value, size_t to)
{
	return (value + to - 1) / to * to;
}

static uint32_t
power_of_two_from(uint32_t value)
{
	uint32_t power = 1;

	while (power < value)
		power *= 2;
	return power;
}

static uint32_t
stripes_for(uint32_t groups)
{
	uint32_t stripes = groups / STRIPE_GROUPS;

	if (stripes < 1)
		return 1;
	return stripes > STRIPES_MAX ? STRIPES_MAX : stripes;
}

static size_t
board_offset(void)
{
	return round_up(sizeof(struct segment_header), PAGE_BYTES);
}

static size_t
stripe_offset(void)
{
	return board_offset() + round_up(board_row_bytes * BOARD_ROWS, PAGE_BYTES);
}

static size_t
group_offset(uint32_t stripes)
{
	return stripe_offset() + round_up(stripes * sizeof(struct stripe), PAGE_BYTES);
}

static size_t
slot_offset(uint32_t stripes, uint32_t groups)
{
	return group_offset(stripes) + round_up(groups * sizeof(struct group), PAGE_BYTES);
}

/* Payload of a copy that lies near. */
static uint32_t
near_payload(uint32_t payload_bytes)
{
	const uint32_t most = (SLOT_NEAR_BYTES - SLOT_HEADER_WORDS * sizeof(uint64_t)) / 2 - COPY_HEADER_BYTES;

	return payload_bytes < most ? payload_bytes : most;
}

static size_t
near_bytes(uint32_t payload_bytes)
{
	return round_up(SLOT_HEADER_WORDS * sizeof(uint64_t) + 2 * (COPY_HEADER_BYTES + near_payload(payload_bytes)),
			64);
}

static size_t
far_bytes(uint32_t payload_bytes)
{
	return round_up(2 * (payload_bytes - near_payload(payload_bytes)), 64);
}

/* The immutable sizes of a table of `slots` (a power of two) and `payload_bytes` (a multiple of 8). */
static void
fill_shape(struct segment_shape *shape, uint32_t slots, uint32_t payload_bytes)
{
	memset(shape, 0, sizeof(*shape));
	shape->magic = SEGMENT_MAGIC;
	shape->layout_version = SEGMENT_LAYOUT_VERSION;
	shape->header_bytes = sizeof(struct segment_header);
	shape->stripe_bytes = sizeof(struct stripe);
	shape->board_row_bytes = (uint32_t)board_row_bytes;
	shape->copy_header_bytes = COPY_HEADER_BYTES;
	shape->mutex_bytes = sizeof(pthread_mutex_t);
	snprintf(shape->glibc, sizeof(shape->glibc), "%s", gnu_get_libc_version());
	shape->slots = slots;
	shape->payload_bytes = payload_bytes;
	shape->groups = slots / GROUP_SLOTS;
	shape->stripes = stripes_for(shape->groups);
	shape->slot_bytes = (uint32_t)(near_bytes(payload_bytes) + far_bytes(payload_bytes));
	shape->total_bytes =
	    round_up(slot_offset(shape->stripes, shape->groups) + (size_t)slots * shape->slot_bytes, PAGE_BYTES);
}

/* ---- mapping ---- */

static int
map_segment(int fd, const struct segment_shape *shape, struct segment **seg_r, struct err *err)
{
	struct segment *seg = NULL;
	unsigned char *base;

	base = mmap(NULL, shape->total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (base == MAP_FAILED)
		return err_set_errno(err, ERR_IO, errno, "cannot map the shared table");
	(void)madvise(base, shape->total_bytes, MADV_DONTDUMP);

	seg = calloc(1, sizeof(*seg));
	if (seg == NULL) {
		munmap(base, shape->total_bytes);
		return err_set(err, ERR_NOMEM, "no memory for the shared table's descriptor");
	}
	seg->header = (struct segment_header *)(void *)base;
	seg->fd = fd;
	seg->slots = shape->slots;
	seg->groups = shape->groups;
	seg->stripes = shape->stripes;
	seg->payload_bytes = shape->payload_bytes;
	seg->near_words = COPY_HEADER_WORDS + near_payload(shape->payload_bytes) / 8;
	seg->far_words = (shape->payload_bytes - near_payload(shape->payload_bytes)) / 8;
	seg->near_bytes = near_bytes(shape->payload_bytes);
	seg->far_bytes = far_bytes(shape->payload_bytes);
	seg->slot_bytes = shape->slot_bytes;
	seg->total_bytes = shape->total_bytes;
	seg->board = (struct board_row *)(void *)(base + board_offset());
	seg->stripe = (struct stripe *)(void *)(base + stripe_offset());
	seg->group = (struct group *)(void *)(base + group_offset(shape->stripes));
	seg->slot = base + slot_offset(shape->stripes, shape->groups);
	*seg_r = seg;
	return 0;
}

void
segment_free(struct segment **seg)
{
	if (*seg == NULL)
		return;
	munmap((*seg)->header, (*seg)->total_bytes);
	fd_close(&(*seg)->fd);
	free(*seg);
	*seg = NULL;
}

/* ---- making ---- */

static int
open_posix(size_t bytes)
{
	char token[RAND_TOKEN_LEN + 1];
	char name[RAND_TOKEN_LEN + 16] = "/magento-mcp-";
	struct statvfs room;
	int fd;

	rand_token(token);
	memcpy(name + strlen(name), token, sizeof(token));
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (shm_unlink(name) < 0 || fstatvfs(fd, &room) != 0 || (uint64_t)room.f_bavail * room.f_frsize < bytes) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Sets the size of a new file and, where the file can be sealed, sees to it that nobody can take it away again. */
static int
size_file(int fd, size_t bytes, enum segment_backend backend, struct err *err)
{
	if (ftruncate(fd, (off_t)bytes) != 0)
		return err_set_errno(err, ERR_IO, errno, "cannot size the shared table to %zu bytes", bytes);
	if (backend == SEGMENT_MEMFD && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return err_set_errno(err, ERR_IO, errno, "cannot seal the size of the shared table");
	return 0;
}

static int
open_backing(size_t bytes, enum segment_backend *backend_r, int *fd_r, struct err *err)
{
	int fd;
	int r;

	*backend_r = SEGMENT_POSIX;
	fd = open_posix(bytes);
	if (fd < 0) {
		*backend_r = SEGMENT_MEMFD;
		fd = memfd_create("magento-mcp-table", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	}
	if (fd < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot make shared memory for the table");
	r = size_file(fd, bytes, *backend_r, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	*fd_r = fd;
	return 0;
}

static int
shape_from_config(const struct segment_config *config, struct segment_shape *shape_r, struct err *err)
{
	uint32_t slots = config->slots == 0 ? SEGMENT_SLOTS_DEFAULT : config->slots;
	uint32_t payload = config->payload_bytes == 0 ? SEGMENT_PAYLOAD_DEFAULT : config->payload_bytes;

	if (slots > SEGMENT_SLOTS_MAX)
		return err_set(err, ERR_INVALID, "the table can have at most %u records, not %u", SEGMENT_SLOTS_MAX,
			       slots);
	if (payload > SEGMENT_PAYLOAD_MAX)
		return err_set(err, ERR_INVALID, "a record can have at most %u bytes, not %u", SEGMENT_PAYLOAD_MAX,
			       payload);
	if (slots < SEGMENT_SLOTS_MIN)
		slots = SEGMENT_SLOTS_MIN;
	fill_shape(shape_r, power_of_two_from(slots), (uint32_t)round_up(payload, 8));
	return 0;
}

int
segment_create(const struct segment_config *config, const struct segment_keys *keys, struct segment **seg_r,
	       struct err *err)
{
	struct segment *seg = NULL;
	struct segment_shape shape;
	enum segment_backend backend;
	int fd = -1;
	int r;

	r = shape_from_config(config, &shape, err);
	if (r < 0)
		return r;
	r = open_backing(shape.total_bytes, &backend, &fd, err);
	if (r < 0)
		return r;
	r = map_segment(fd, &shape, &seg, err);
	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	shape.backend = (uint32_t)backend;
	shape.created_wall_ms = clock_wall_ms();
	memcpy(shape.pair, segment_keys_pair(keys), sizeof(shape.pair));
	for (uint32_t i = 0; i < seg->stripes; i++) {
		r = stripe_init(&seg->stripe[i]);
		if (r < 0) {
			err_set(err, r, "cannot make a robust process-shared mutex");
			segment_free(&seg);
			return r;
		}
	}
	memcpy(&seg->header->shape, &shape, sizeof(shape));
	*seg_r = seg;
	return 0;
}

/* ---- attaching ---- */

/* Same program layout? */
static bool
shape_is_compatible(const struct segment_shape *found, const struct segment_shape *ours)
{
	return found->layout_version == ours->layout_version && found->header_bytes == ours->header_bytes &&
	       found->stripe_bytes == ours->stripe_bytes && found->board_row_bytes == ours->board_row_bytes &&
	       found->copy_header_bytes == ours->copy_header_bytes && found->mutex_bytes == ours->mutex_bytes &&
	       memcmp(found->glibc, ours->glibc, sizeof(ours->glibc)) == 0;
}

static bool
shape_is_sane(const struct segment_shape *found)
{
	struct segment_shape ours;

	if (found->slots < SEGMENT_SLOTS_MIN || found->slots > SEGMENT_SLOTS_MAX ||
	    (found->slots & (found->slots - 1)) != 0)
		return false;
	if (found->payload_bytes == 0 || found->payload_bytes > SEGMENT_PAYLOAD_MAX || found->payload_bytes % 8 != 0)
		return false;
	fill_shape(&ours, found->slots, found->payload_bytes);
	return found->groups == ours.groups && found->stripes == ours.stripes && found->slot_bytes == ours.slot_bytes &&
	       found->total_bytes == ours.total_bytes;
}

static int
shape_check(int fd, struct segment_shape *found, struct err *err)
{
	struct segment_shape ours;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set_errno(err, ERR_IO, errno, "cannot look at the shared table");
	if (pread(fd, found, sizeof(*found), 0) != (ssize_t)sizeof(*found) || found->magic != SEGMENT_MAGIC)
		return err_set(err, ERR_CORRUPT, "the descriptor for the shared table holds something else");
	fill_shape(&ours, SEGMENT_SLOTS_MIN, 8);
	if (!shape_is_compatible(found, &ours))
		return err_set(err, ERR_UNSUPPORTED,
			       "the shared table has layout %u (glibc %.15s), this program needs layout %u (glibc %s): "
			       "start a new table",
			       found->layout_version, found->glibc, ours.layout_version, ours.glibc);
	if (!shape_is_sane(found) || (uint64_t)st.st_size != found->total_bytes)
		return err_set(err, ERR_CORRUPT, "the shared table's header contradicts itself or its size");
	return 0;
}

int
segment_attach(int fd, struct segment **seg_r, struct err *err)
{
	struct segment_shape shape;
	int r;

	r = shape_check(fd, &shape, err);
	if (r < 0)
		return r;
	r = fd_set_cloexec(fd, true);
	if (r < 0)
		return err_set(err, r, "cannot use the descriptor of the shared table");
	return map_segment(fd, &shape, seg_r, err);
}

/* ---- asking ---- */

int
segment_fd(const struct segment *seg)
{
	return seg->fd;
}

uint32_t
segment_slots(const struct segment *seg)
{
	return seg->slots;
}

uint32_t
segment_groups(const struct segment *seg)
{
	return seg->groups;
}

uint64_t
segment_generation(const struct segment *seg)
{
	return atomic_load_explicit(&seg->header->generation, memory_order_relaxed);
}

uint64_t
segment_next_generation(struct segment *seg)
{
	return atomic_fetch_add_explicit(&seg->header->generation, 1, memory_order_relaxed) + 1;
}
