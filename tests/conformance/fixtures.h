/*
 * fixtures.h - what the official conformance suite expects to find in a server: tools, prompts, resources
 *
 * The suite names them and says what each does; a missing one fails its scenario.  They live here, in a program of
 * their own around the same core, so that the production server has no switch for them.
 */
#ifndef CONFORMANCE_FIXTURES_H
#define CONFORMANCE_FIXTURES_H

#include <jansson.h>

#include "action/action.h"
#include "action/env.h"
#include "action/product.h"
#include "base/err.h"
#include "json/get.h"

extern const struct action_product fixtures;

extern const struct action_table fixture_content_table; /* content.c: every kind of content block */
extern const struct action_table fixture_schema_table;	/* schemas.c: schemas of a tool's own */
extern const struct action_table fixture_telling_table; /* telling.c: progress, log lines, a stream that breaks off */
extern const struct action_table fixture_flood_table;	/* flood.c: for our own tests of streams */
extern const struct action_table fixture_asking_table;	/* asking.c: one question, whatever the era */
extern const struct action_table fixture_rounds_table;	/* rounds.c: how answers come back in the stateless era */
extern const struct action_table fixture_change_table;	/* changes.c: lists and resources that change */
extern const struct action_prompt_table fixture_prompts;
extern const struct action_resource_table fixture_resources;

/* The smallest picture and sound there are, in base64. */
#define FIXTURE_PNG "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
#define FIXTURE_WAV "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA=="

#define FIXTURE_WATCHED "test://watched-resource"

/* A tool without arguments. */
#define FIXTURE_TOOL(its_name, its_title, its_description, its_run)                                                    \
	.name = its_name, .title = its_title, .description = its_description, .tier = ACTION_SAFE,                     \
	.flags = ACTION_CONTENT | ACTION_READ_ONLY, .params = &fixture_nothing, .input_schema = fixture_nothing_text,  \
	.run = its_run

extern const struct json_schema fixture_nothing;  /* no members */
extern const struct json_schema fixture_anything; /* any members */
extern const char fixture_nothing_text[];

/* The end of every `run`: takes `result`, which is NULL without memory. */
int fixture_give(json_t *result, json_t **result_r, struct fault *fault);

/* The same for a result of one text block. */
int fixture_give_text(json_t **result_r, struct fault *fault, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* JSON that stands in the program; a new reference, NULL without memory. */
json_t *fixture_json(const char *text) MUST_CHECK;

/* An elicitation by form: `schema` is the text of requestedSchema.  The question's params are a new reference. */
int fixture_form(const char *key, const char *message, const char *schema, struct action_question *question_r,
		 struct fault *fault) MUST_CHECK;
/* sampling/createMessage with one text of the user. */
int fixture_sample(const char *key, const char *text, int max_tokens, struct action_question *question_r,
		   struct fault *fault) MUST_CHECK;
int fixture_list_roots(const char *key, struct action_question *question_r, struct fault *fault) MUST_CHECK;

/*
 * Asks and lets go of the questions' params.  `keep` is taken (may be NULL).  As action_ask(): 0 with a new reference.
 */
int fixture_ask(struct action_call *call, struct action_question *questions, size_t n, json_t *keep, json_t **answers_r,
		struct fault *fault) MUST_CHECK;

/* The member of an accepted form; NULL when the user declined. */
const char *fixture_answer_text(const json_t *answers, const char *key, const char *member);

/* Lets other calls go on for a moment. */
int fixture_pause(struct action_call *call, uint32_t ms, struct fault *fault) MUST_CHECK;

#endif
