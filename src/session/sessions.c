/*
 * sessions.c - limits and the common handle
 */
#include "session/sessions.h"

#include "shm/table.h"

#define HOUR_MS (3600ull * 1000)

void
session_limits_default(struct session_limits *limits_r)
{
	*limits_r = (struct session_limits){
	    .login_idle_ms = 1 * HOUR_MS,
	    .login_age_ms = 12 * HOUR_MS,
	    .mcp_idle_ms = 1 * HOUR_MS,
	    .mcp_age_ms = 24 * HOUR_MS,
	    .logins_per_principal = 256,
	    .mcp_per_principal = 4096,
	    .login_failures = 4,
	    .login_failure_window_ms = 30ull * 60 * 1000,
	};
}

void
sessions_init(struct sessions *s, struct table *table, const struct segment_keys *keys,
	      const struct session_limits *limits)
{
	*s = (struct sessions){.table = table, .keys = keys};
	if (limits != NULL)
		s->limits = *limits;
	else
		session_limits_default(&s->limits);
}

size_t
sessions_sweep(struct sessions *s, uint32_t part, uint32_t parts, size_t budget, struct session_now now)
{
	return table_sweep(s->table, part, parts, budget, now.mono_ms);
}
