/*
 * doctor.h - can this store be served, and if not, why not
 *
 * Asks a store what an operator would check by hand, changes nothing, and says for each point what to do.  Used by
 * `magento-mcp doctor`; runs an event loop of its own.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "config/config.h"

enum doctor_verdict {
	DOCTOR_FINE,
	DOCTOR_NOTE,  /* not there, and not needed by everybody */
	DOCTOR_WRONG, /* must be put right in configuration, admin panel or network */
	DOCTOR_AWAY   /* no answer: may work at another time */
};

#define DOCTOR_POINT_MAX 32
#define DOCTOR_TEXT_MAX 768

struct doctor_finding {
	enum doctor_verdict verdict;
	char point[DOCTOR_POINT_MAX]; /* "credentials" */
	char text[DOCTOR_TEXT_MAX];   /* what was found, and the cure */
};

#define DOCTOR_FINDINGS_MAX 32

struct doctor_report {
	const char *store;
	struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
	size_t n;
};

/* Examines one configured store.  0, ERR_NOMEM, or ERR_IO when the examination itself could not run. */
int doctor_examine(const struct config *config, const struct config_store *store, struct doctor_report *report_r,
		   struct err *err) MUST_CHECK;

const char *doctor_verdict_name(enum doctor_verdict verdict); /* "ok", "note", "wrong", "away" */

#endif
