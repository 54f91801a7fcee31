/* The last requests the demo store answered, for tests that want to see what a client really sent. */
#ifndef DEMO_REQLOG_H
#define DEMO_REQLOG_H

#include <jansson.h>
#include <stddef.h>

enum { REQLOG_MAX = 1000, REQLOG_PATH_MAX = 512 };

struct reqlog_entry {
	char method[8];
	char path[REQLOG_PATH_MAX]; /* path and query, cut if longer */
	const char *auth;	    /* static: none, admin, oauth, bearer */
	int status;		    /* 0: no answer was sent (yet) */
};

struct reqlog {
	struct reqlog_entry entries[REQLOG_MAX];
	unsigned long total;
	json_t *pages; /* storefront path → how often it was asked for; NULL until there is one */
};

/* Notes a request and returns its number, by which the outcome is added later. */
unsigned long reqlog_add(struct reqlog *log, const char *method, const char *path);
void reqlog_finish(struct reqlog *log, unsigned long number, const char *auth, int status);
void reqlog_clear(struct reqlog *log);

/* Counts a page of the storefront, by its path. */
void reqlog_count_page(struct reqlog *log, const char *path);

/* { total, requests: [ { method, path, auth, status } … ], pages: { path: count } }, oldest first. New reference. */
json_t *reqlog_render(const struct reqlog *log);

#endif
