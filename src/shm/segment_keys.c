/*
 * segment_keys.c - the keys beside the segment
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/rand.h"
#include "base/secret.h"
#include "shm/layout.h"
#include "shm/segment.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

#define KEYS_MAGIC 0x3159454b50434d4du /* "MMCPKEY1" */
#define KEYS_BYTES 4096

struct key_page {
	uint64_t magic;
	uint32_t layout_version;
	uint32_t is_secretmem;
	uint8_t pair[SEGMENT_PAIR_LEN];
	uint8_t hash[HASH_KEY_LEN];
	uint8_t seal[SEGMENT_SEAL_KEY_LEN];
	uint8_t mac[SEGMENT_MAC_KEY_LEN];
};

_Static_assert(sizeof(struct key_page) <= KEYS_BYTES, "the keys are one page");

struct segment_keys {
	struct key_page *page;
	int fd;
};

static struct key_page *
map_page(int fd)
{
	struct key_page *page = mmap(NULL, KEYS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		return NULL;
	(void)madvise(page, KEYS_BYTES, MADV_DONTDUMP); /* secret memory is never dumped and may refuse the advice */
	return page;
}

/* Secret memory counts against RLIMIT_MEMLOCK, so it may be refused even where the kernel has it. */
static struct key_page *
open_secretmem(int *fd_r)
{
	struct key_page *page = NULL;
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, KEYS_BYTES) == 0)
		page = map_page(fd);
	if (page == NULL) {
		close(fd);
		return NULL;
	}
	*fd_r = fd;
	return page;
}

static struct key_page *
open_memfd(int *fd_r)
{
	struct key_page *page = NULL;
	int fd = memfd_create("magento-mcp-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, KEYS_BYTES) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		page = map_page(fd);
	if (page == NULL) {
		close(fd);
		return NULL;
	}
	(void)mlock(page, KEYS_BYTES); /* keeps it off the swap when the limit allows */
	*fd_r = fd;
	return page;
}

/* The kernel may not write to secret memory, so the random bytes come by way of the stack. */
static void
fill_page(struct key_page *page, bool is_secretmem)
{
	struct key_page fresh;

	rand_bytes(&fresh, sizeof(fresh));
	fresh.magic = KEYS_MAGIC;
	fresh.layout_version = SEGMENT_LAYOUT_VERSION;
	fresh.is_secretmem = is_secretmem ? 1 : 0;
	memcpy(page, &fresh, sizeof(*page));
	secret_wipe_bytes(&fresh, sizeof(fresh));
}

int
segment_keys_create(struct segment_keys **keys_r, struct err *err)
{
	struct segment_keys *keys;
	bool is_secretmem = true;

	keys = calloc(1, sizeof(*keys));
	if (keys == NULL)
		return err_set(err, ERR_NOMEM, "no memory for the keys' descriptor");
	keys->page = open_secretmem(&keys->fd);
	if (keys->page == NULL) {
		is_secretmem = false;
		keys->page = open_memfd(&keys->fd);
	}
	if (keys->page == NULL) {
		free(keys);
		return err_set_errno(err, ERR_IO, errno, "cannot make a memory file for the keys");
	}
	fill_page(keys->page, is_secretmem);
	*keys_r = keys;
	return 0;
}

int
segment_keys_attach(int fd, struct segment_keys **keys_r, struct err *err)
{
	struct segment_keys *keys = NULL;
	struct key_page *page = NULL;
	struct stat st;
	int r;

	if (fstat(fd, &st) != 0 || st.st_size != KEYS_BYTES)
		return err_set(err, ERR_CORRUPT, "the descriptor for the keys holds something else");
	page = map_page(fd);
	if (page == NULL)
		return err_set_errno(err, ERR_IO, errno, "cannot map the keys");
	r = ERR_CORRUPT;
	if (page->magic != KEYS_MAGIC || page->layout_version != SEGMENT_LAYOUT_VERSION) {
		err_set(err, r, "the descriptor for the keys holds no keys of this version, or wiped ones");
		goto out;
	}
	r = fd_set_cloexec(fd, true);
	if (r < 0) {
		err_set(err, r, "cannot use the descriptor of the keys");
		goto out;
	}
	keys = calloc(1, sizeof(*keys));
	if (keys == NULL) {
		r = err_set(err, ERR_NOMEM, "no memory for the keys' descriptor");
		goto out;
	}
	keys->page = page;
	keys->fd = fd;
	page = NULL;
	*keys_r = keys;
out:
	if (page != NULL)
		munmap(page, KEYS_BYTES);
	return r;
}

void
segment_keys_wipe(struct segment_keys *keys)
{
	secret_wipe_bytes(keys->page, sizeof(*keys->page));
}

void
segment_keys_free(struct segment_keys **keys)
{
	if (*keys == NULL)
		return;
	munmap((*keys)->page, KEYS_BYTES);
	fd_close(&(*keys)->fd);
	free(*keys);
	*keys = NULL;
}

int
segment_keys_fd(const struct segment_keys *keys)
{
	return keys->fd;
}

bool
segment_keys_are_secretmem(const struct segment_keys *keys)
{
	return keys->page->is_secretmem == 1;
}

const uint8_t *
segment_keys_hash(const struct segment_keys *keys)
{
	return keys->page->hash;
}

const uint8_t *
segment_keys_seal(const struct segment_keys *keys)
{
	return keys->page->seal;
}

const uint8_t *
segment_keys_mac(const struct segment_keys *keys)
{
	return keys->page->mac;
}

const uint8_t *
segment_keys_pair(const struct segment_keys *keys)
{
	return keys->page->pair;
}

bool
segment_keys_match(const struct segment_keys *keys, const struct segment *seg)
{
	return memcmp(keys->page->pair, seg->header->shape.pair, SEGMENT_PAIR_LEN) == 0;
}
