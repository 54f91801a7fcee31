/*
 * test_segment.c - making, attaching and refusing segments
 */
#include "fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "shm/slot.h"

static void
test_create_and_attach_share_bytes(void **state)
{
	struct segment *second = NULL;
	struct table *tab = NULL;
	struct table_record rec = fixture_record(TABLE_LOGIN, 1, 5, 6, 20), got;
	struct fixture f;
	struct err err;

	(void)state;
	fixture_init(&f);
	assert_int_equal(segment_attach(dup(segment_fd(f.seg)), &second, &err), 0);
	assert_int_equal(table_new(second, f.keys, &tab), 0);
	assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_LOGIN, 5), &rec, 1), 0);
	assert_int_equal(table_read(tab, TABLE_LOGIN, fixture_id(&f, TABLE_LOGIN, 5), 2, &got), 0);
	assert_true(fixture_is_whole(&got, 5, NULL));
	assert_int_equal(segment_generation(second), 0);
	assert_int_equal(segment_next_generation(f.seg), 1);
	assert_int_equal(segment_generation(second), 1);
	assert_int_equal(second->total_bytes, f.seg->total_bytes);
	assert_true(second->header->shape.created_wall_ms > 1600000000000u);
	assert_int_equal(fcntl(segment_fd(second), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	table_free(&tab);
	segment_free(&second);
	assert_null(second);
	segment_free(&second);
	fixture_fini(&f);
}

static void
test_nothing_is_left_under_a_name(void **state)
{
	struct fixture f;
	struct stat st;

	(void)state;
	fixture_init(&f);
	assert_int_equal(fstat(segment_fd(f.seg), &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 07177, 0);
	assert_int_equal(st.st_size, f.seg->total_bytes);
	fixture_fini(&f);
}

static size_t
place_of(const struct segment *seg, const volatile void *word)
{
	return (size_t)((uintptr_t)word - (uintptr_t)seg->slot);
}

static void
note_places(const struct segment *seg, unsigned char *seen, const _Atomic uint64_t *words, uint32_t n)
{
	assert_true(place_of(seg, words + n) <= seg->slots * seg->slot_bytes);
	for (uint32_t i = 0; i < n; i++)
		seen[place_of(seg, words + i)]++;
}

/* Every word of every copy has a place of its own, and what small records need of a group lies in one page. */
static void
check_places(uint32_t payload_bytes)
{
	const struct segment_config config = {64, payload_bytes};
	struct segment_keys *keys = NULL;
	struct segment *seg = NULL;
	unsigned char *seen;
	struct err err;

	assert_int_equal(segment_keys_create(&keys, &err), 0);
	assert_int_equal(segment_create(&config, keys, &seg, &err), 0);
	assert_int_equal(seg->near_words + seg->far_words, COPY_HEADER_WORDS + payload_bytes / 8);
	seen = calloc(seg->slots, seg->slot_bytes);
	assert_non_null(seen);
	for (uint32_t index = 0; index < seg->slots; index++) {
		size_t first = place_of(seg, slot_at(seg, index / GROUP_SLOTS * GROUP_SLOTS));

		note_places(seg, seen, &slot_at(seg, index)->seq, SLOT_HEADER_WORDS);
		for (uint64_t which = 0; which < 2; which++) {
			note_places(seg, seen, slot_copy(seg, index, which), seg->near_words);
			note_places(seg, seen, slot_copy_far(seg, index, which), seg->far_words);
		}
		assert_true(place_of(seg, slot_copy(seg, index, 1) + seg->near_words) - first <= 4096);
	}
	for (size_t i = 0; i < seg->slots * seg->slot_bytes; i++)
		assert_true(seen[i] <= 1);
	free(seen);
	segment_free(&seg);
	segment_keys_free(&keys);
}

static void
test_places(void **state)
{
	(void)state;
	check_places(64);
	check_places(168);
	check_places(176);
	check_places(SEGMENT_PAYLOAD_MAX);
}

static void
test_sizes(void **state)
{
	struct segment_config config = {0, 0};
	struct segment_keys *keys = NULL;
	struct segment *seg = NULL;
	struct err err;

	(void)state;
	assert_int_equal(segment_keys_create(&keys, &err), 0);
	assert_int_equal(segment_create(&config, keys, &seg, &err), 0);
	assert_int_equal(segment_slots(seg), 65536);
	assert_int_equal(seg->payload_bytes, SEGMENT_PAYLOAD_DEFAULT);
	assert_int_equal(seg->slot_bytes, 4096);
	segment_free(&seg);
	config = (struct segment_config){1000, 50};
	assert_int_equal(segment_create(&config, keys, &seg, &err), 0);
	assert_int_equal(segment_slots(seg), 1024);
	assert_int_equal(seg->payload_bytes, 56);
	segment_free(&seg);
	config.slots = SEGMENT_SLOTS_MAX + 1;
	assert_int_equal(segment_create(&config, keys, &seg, &err), ERR_INVALID);
	config = (struct segment_config){64, SEGMENT_PAYLOAD_MAX + 1};
	assert_int_equal(segment_create(&config, keys, &seg, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "1961"));
	segment_keys_free(&keys);
}

/* Untouched slots cost nothing: the default table is 256 MiB of addresses and next to no memory. */
static void
test_untouched_slots_are_holes(void **state)
{
	struct fixture f;
	struct stat st;

	(void)state;
	fixture_init_sized(&f, 65536, 0);
	assert_true(f.seg->total_bytes > 256u * 1024 * 1024);
	assert_int_equal(fstat(segment_fd(f.seg), &st), 0);
	assert_true((uint64_t)st.st_blocks * 512 < 1024 * 1024);
	assert_false(segment_contains(f.seg, "not in here at all", 18));
	assert_int_equal(fstat(segment_fd(f.seg), &st), 0);
	assert_true((uint64_t)st.st_blocks * 512 < 1024 * 1024);
	fixture_fini(&f);
}

typedef void (*spoiler)(struct segment_shape *shape);

static void
spoil_magic(struct segment_shape *shape)
{
	shape->magic ^= 1;
}

static void
spoil_version(struct segment_shape *shape)
{
	shape->layout_version++;
}

static void
spoil_glibc(struct segment_shape *shape)
{
	memcpy(shape->glibc, "9.99", 5);
}

static void
spoil_mutex(struct segment_shape *shape)
{
	shape->mutex_bytes++;
}

static void
spoil_board(struct segment_shape *shape)
{
	shape->board_row_bytes += 64;
}

static void
spoil_slots(struct segment_shape *shape)
{
	shape->slots *= 2;
}

static void
spoil_slots_odd(struct segment_shape *shape)
{
	shape->slots = 100;
}

static void
spoil_payload(struct segment_shape *shape)
{
	shape->payload_bytes = UINT32_MAX - 7;
}

static void
spoil_stripes(struct segment_shape *shape)
{
	shape->stripes = 0;
}

static void
spoil_total(struct segment_shape *shape)
{
	shape->total_bytes += 4096;
}

static void
test_attach_refuses(void **state)
{
	static const struct {
		spoiler spoil;
		int code;
	} cases[] = {
	    {spoil_magic, ERR_CORRUPT},	    {spoil_version, ERR_UNSUPPORTED}, {spoil_glibc, ERR_UNSUPPORTED},
	    {spoil_mutex, ERR_UNSUPPORTED}, {spoil_board, ERR_UNSUPPORTED},   {spoil_slots, ERR_CORRUPT},
	    {spoil_slots_odd, ERR_CORRUPT}, {spoil_payload, ERR_CORRUPT},     {spoil_stripes, ERR_CORRUPT},
	    {spoil_total, ERR_CORRUPT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct segment *second = NULL;
		struct fixture f;
		struct err err = {0};
		int fd;

		fixture_init(&f);
		cases[i].spoil(&f.seg->header->shape);
		fd = dup(segment_fd(f.seg));
		assert_int_equal(segment_attach(fd, &second, &err), cases[i].code);
		assert_null(second);
		assert_true(err.text[0] != '\0');
		close(fd); /* a refused descriptor stays the caller's */
		fixture_fini(&f);
	}
}

static void
test_attach_refuses_other_files(void **state)
{
	struct segment *seg = NULL;
	struct fixture f;
	struct err err;
	int fd;

	(void)state;
	fd = memfd_create("short", MFD_CLOEXEC);
	assert_int_equal(segment_attach(fd, &seg, &err), ERR_CORRUPT);
	assert_int_equal(write(fd, "hello", 5), 5);
	assert_int_equal(segment_attach(fd, &seg, &err), ERR_CORRUPT);
	close(fd);
	assert_int_equal(segment_attach(-1, &seg, &err), ERR_IO);
	fixture_init(&f);
	assert_int_equal(segment_attach(segment_keys_fd(f.keys), &seg, &err), ERR_CORRUPT);
	/* A segment that lost its tail would be a SIGBUS. */
	if (f.seg->header->shape.backend == SEGMENT_POSIX) {
		assert_int_equal(ftruncate(segment_fd(f.seg), 8192), 0);
		fd = dup(segment_fd(f.seg));
		assert_int_equal(segment_attach(fd, &seg, &err), ERR_CORRUPT);
		close(fd);
	}
	assert_null(seg);
	fixture_fini(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_create_and_attach_share_bytes),
	    cmocka_unit_test(test_nothing_is_left_under_a_name),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_untouched_slots_are_holes),
	    cmocka_unit_test(test_attach_refuses),
	    cmocka_unit_test(test_attach_refuses_other_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
