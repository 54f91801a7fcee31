/*
 * instances.h - which keepers that have the file open are alive
 *
 * Each holds a lock on the byte of its own number in PATH-keepers; the kernel drops it with the process.
 *
 * Runs in: keeper.
 */
#ifndef KEEPER_INSTANCES_H
#define KEEPER_INSTANCES_H

#include "base/compiler.h"
#include "base/err.h"

struct database;

/* Gives the database its number and takes the lock. */
int instances_join(struct database *database, struct err *err) MUST_CHECK;

#endif
