/*
 * findings.h - what the parts of the examination note down (private to doctor/)
 */
#ifndef DOCTOR_FINDINGS_H
#define DOCTOR_FINDINGS_H

#include "base/compiler.h"
#include "doctor/doctor.h"
#include "fetch/fetch.h"

void finding_add(struct doctor_report *report, enum doctor_verdict verdict, const char *point, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/*
 * Varnish and Fastly of one store, asked to forget a tag that no page carries: what they answer is what a purge will
 * meet, and nothing leaves a cache.  On a fiber.
 */
void caches_examine(const struct config *config, const struct config_store *store, struct fetch *fetch,
		    struct doctor_report *report);

#endif
