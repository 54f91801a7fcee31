/*
 * search.h - whether bytes stand anywhere in a shared table: for tests that prove that something was wiped, or was
 * never written in the clear
 */
#ifndef TESTS_LIB_SEARCH_H
#define TESTS_LIB_SEARCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shm/segment.h"

static inline bool
segment_contains(const struct segment *seg, const void *bytes, size_t len)
{
	bool is_found = false;
	int fd = segment_fd(seg);
	off_t start = 0, end = 0;
	struct stat st;
	char *map;

	assert_int_equal(fstat(fd, &st), 0);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	/* Holes are skipped: reading one would allocate it. */
	for (start = lseek(fd, 0, SEEK_DATA); !is_found && start >= 0; start = lseek(fd, end, SEEK_DATA)) {
		end = lseek(fd, start, SEEK_HOLE);
		assert_true(end > start);
		is_found = memmem(map + start, (size_t)(end - start), bytes, len) != NULL;
	}
	assert_int_equal(munmap(map, (size_t)st.st_size), 0);
	return is_found;
}

#endif
