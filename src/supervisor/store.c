/*
 * store.c - see store.h
 */
#include "supervisor/store.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "supervisor/house.h"
#include "supervisor/memory.h"

#define NAME_TABLE "stored-table"
#define NAME_KEYS "stored-keys"
#define NAME_LISTEN "stored-listen"
#define NAME_ADMIN "stored-admin"

static const char *const all_names[] = {NAME_TABLE, NAME_KEYS, NAME_LISTEN, NAME_ADMIN};

void
store_init(struct store *s)
{
	*s = (struct store){.table_fd = -1, .keys_fd = -1};
}

bool
store_is_name(struct slice name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(all_names); i++) {
		if (slice_is(name, all_names[i]))
			return true;
	}
	return false;
}

/* ---- Getting back ---- */

static void
keep_listener(struct store *s, int fd, bool is_admin)
{
	if (s->n_listeners >= HERITAGE_LISTENERS_MAX || fd_set_nonblock(fd, true) < 0) {
		fd_close(&fd);
		return;
	}
	s->listeners[s->n_listeners].fd = fd;
	s->listeners[s->n_listeners++].is_admin = is_admin;
}

/* Of two with one name the later one counts. */
static void
replace(int *kept, int fd)
{
	fd_close(kept);
	*kept = fd;
}

void
store_take(struct store *s, int first_fd, size_t n, const char *names)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct slice name = sockets_passed_name(names, i);
		int fd = first_fd + (int)i;

		if (!store_is_name(name) || fd_set_cloexec(fd, true) < 0)
			continue;
		if (slice_is(name, NAME_TABLE))
			replace(&s->table_fd, fd);
		else if (slice_is(name, NAME_KEYS))
			replace(&s->keys_fd, fd);
		else
			keep_listener(s, fd, slice_is(name, NAME_ADMIN));
	}
}

/* Port 0 in the configuration is content with any port. */
static bool
is_same_address(int fd, const struct config_address *wanted)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage storage;
	} have, want = {.storage = wanted->addr};
	socklen_t len = sizeof(have);

	memset(&have, 0, sizeof(have));
	if (getsockname(fd, &have.sa, &len) < 0 || have.sa.sa_family != want.sa.sa_family)
		return false;
	if (want.sa.sa_family == AF_INET)
		return have.in.sin_addr.s_addr == want.in.sin_addr.s_addr &&
		       (want.in.sin_port == 0 || want.in.sin_port == have.in.sin_port);
	if (want.sa.sa_family == AF_INET6)
		return memcmp(&have.in6.sin6_addr, &want.in6.sin6_addr, sizeof(have.in6.sin6_addr)) == 0 &&
		       (want.in6.sin6_port == 0 || want.in6.sin6_port == have.in6.sin6_port);
	return false;
}

int
store_claim(struct store *s, const struct config_address *address, bool is_admin)
{
	size_t i;

	for (i = 0; i < s->n_listeners; i++) {
		int fd = s->listeners[i].fd;

		if (fd >= 0 && s->listeners[i].is_admin == is_admin && is_same_address(fd, address)) {
			s->listeners[i].fd = -1;
			return fd;
		}
	}
	return -1;
}

/* Whoever wrote there was a child of a supervisor that is gone. */
static void
clear_board(struct house *h)
{
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++) {
		struct board_row *row = board_row(h->segment, i);

		if (board_state(row) != BOARD_EMPTY)
			board_set_state(row, BOARD_DEAD);
	}
}

int
store_adopt_memory(struct house *h, const struct config *cfg, struct err *err)
{
	int table_fd = h->store.table_fd, keys_fd = h->store.keys_fd;
	int r;

	if (table_fd < 0 || keys_fd < 0)
		return ERR_NOT_FOUND;
	h->store.table_fd = h->store.keys_fd = -1;
	h->store.is_refused = true;
	r = memory_adopt(h, table_fd, keys_fd, err);
	if (r < 0)
		return r;
	if (!memory_fits(h, cfg)) {
		memory_free(h);
		return err_set(err, ERR_UNSUPPORTED, "server.table_slots has changed");
	}
	clear_board(h);
	h->store.is_refused = false;
	h->is_memory_stored = true;
	return 0;
}

void
store_fini(struct store *s)
{
	size_t i;

	fd_close(&s->table_fd);
	fd_close(&s->keys_fd);
	for (i = 0; i < s->n_listeners; i++)
		fd_close(&s->listeners[i].fd);
	store_init(s);
}

/* ---- Giving ---- */

static void
forget_all(struct notify *n)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(all_names); i++)
		notify_forget_fd(n, all_names[i]);
}

/* systemd has its own anyway, and a Unix socket is nothing without its name. */
static bool
is_worth_keeping(const struct listener *item)
{
	return !item->is_passed && item->path[0] == '\0';
}

static void
push(struct house *h, bool all)
{
	const struct listeners *l = &h->listeners;
	size_t i;

	if (all || !h->is_memory_stored) {
		notify_store_fd(&h->notify, NAME_TABLE, segment_fd(h->segment));
		notify_store_fd(&h->notify, NAME_KEYS, segment_keys_fd(h->keys));
	}
	for (i = 0; i < l->n_mcp + l->n_admin; i++) {
		if (is_worth_keeping(&l->items[i]) && (all || !l->items[i].is_stored))
			notify_store_fd(&h->notify, l->items[i].is_admin ? NAME_ADMIN : NAME_LISTEN, l->items[i].fd);
	}
	h->is_memory_stored = true;
}

void
store_push(struct house *h, bool anew)
{
	if (h->notify.fd < 0)
		return;
	if (anew)
		forget_all(&h->notify);
	push(h, anew);
}

/* Whether systemd has something that nobody wanted back. */
static bool
has_rest(const struct store *s)
{
	size_t i;

	for (i = 0; i < s->n_listeners; i++) {
		if (s->listeners[i].fd >= 0)
			return true;
	}
	return s->is_refused || s->table_fd >= 0 || s->keys_fd >= 0;
}

void
store_settle(struct house *h)
{
	store_push(h, has_rest(&h->store));
	store_fini(&h->store);
}

bool
store_release(struct house *h)
{
	size_t used = 0;
	int kind;

	for (kind = TABLE_LOGIN; h->table != NULL && kind <= TABLE_NONCE; kind++)
		used += table_count(h->table, (enum table_kind)kind);
	if (h->is_memory_stored && used > 0)
		return false;
	if (h->is_memory_stored)
		forget_all(&h->notify);
	return true;
}
