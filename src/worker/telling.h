/*
 * telling.h - what the log says of those who are refused: enough to see who and why, never so much that they fill it
 *
 * `limited` comes once in ten seconds for each name, `refused` limits.refused_lines times in a minute for each address.
 * How many more there were is told when that time is over: `not_told`.  Metrics count them all.  Runs in: worker.
 */
#ifndef WORKER_TELLING_H
#define WORKER_TELLING_H

#include "holders.h"
#include "http/server.h"

struct worker;

void telling_limited(struct holder *holder, const char *limit); /* NULL: nobody */
void telling_refused(const struct worker *worker, const struct http_access *access);
void telling_missed(const struct holder *holder, enum holder_news what, uint32_t missed);

#endif
