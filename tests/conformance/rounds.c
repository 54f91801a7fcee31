/*
 * rounds.c - tools that show how questions and answers travel where nothing is kept between calls
 */
#include "fixtures.h"

#include <string.h>

#define GREETING_TOKENS 50
#define CAPITAL_TOKENS 100

static const char name_schema[] =
    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}},\"required\":[\"name\"]}";
static const char color_schema[] =
    "{\"type\":\"object\",\"properties\":{\"color\":{\"type\":\"string\"}},\"required\":[\"color\"]}";
static const char ok_schema[] =
    "{\"type\":\"object\",\"properties\":{\"ok\":{\"type\":\"boolean\"}},\"required\":[\"ok\"]}";

/* What a sampling gave, as far as it is text. */
static const char *
sampled_text(const json_t *answers, const char *key)
{
	return json_get_str(json_get_object(json_get_object(answers, key), "content"), "text", "nothing");
}

static int
run_elicitation(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct action_question question;
	json_t *answers = NULL;
	const char *name;
	int r;

	(void)params;
	if (fixture_form("user_name", "What is your name?", name_schema, &question, fault) < 0 ||
	    fixture_ask(call, &question, 1, NULL, &answers, fault) < 0)
		return -1;
	name = fixture_answer_text(answers, "user_name", "name");
	if (name != NULL)
		r = fixture_give_text(result_r, fault, "Hello, %s!", name);
	else
		r = fixture_give_text(result_r, fault, "No name was given.");
	json_decref(answers);
	return r;
}

static int
run_sampling(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct action_question question;
	json_t *answers = NULL;
	int r;

	(void)params;
	if (fixture_sample("capital_question", "What is the capital of France?", CAPITAL_TOKENS, &question, fault) <
		0 ||
	    fixture_ask(call, &question, 1, NULL, &answers, fault) < 0)
		return -1;
	r = fixture_give_text(result_r, fault, "The model says: %s", sampled_text(answers, "capital_question"));
	json_decref(answers);
	return r;
}

static int
run_list_roots(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct action_question question;
	json_t *answers = NULL;
	int r;

	(void)params;
	if (fixture_list_roots("client_roots", &question, fault) < 0 ||
	    fixture_ask(call, &question, 1, NULL, &answers, fault) < 0)
		return -1;
	r = fixture_give_text(result_r, fault, "The client has %zu roots.",
			      json_get_array_len(json_get_object(answers, "client_roots"), "roots"));
	json_decref(answers);
	return r;
}

/* Keeps something, so that there is a state that can be echoed, or tampered with. */
static int
run_request_state(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct action_question question;
	json_t *answers = NULL;
	bool is_kept;

	(void)params;
	if (fixture_form("confirm", "Shall it go on?", ok_schema, &question, fault) < 0 ||
	    fixture_ask(call, &question, 1, json_pack("{s:s}", "purpose", "state"), &answers, fault) < 0)
		return -1;
	json_decref(answers);
	/* A call that was held open on a stream had no round before. */
	is_kept = action_kept(call) == NULL || strcmp(json_get_str(action_kept(call), "purpose", ""), "state") == 0;
	return fixture_give_text(result_r, fault, is_kept ? "state-ok" : "state-lost");
}

static int
run_several(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct action_question questions[3];
	json_t *answers = NULL;
	const char *name;
	int r;

	(void)params;
	if (fixture_form("user_name", "What is your name?", name_schema, &questions[0], fault) < 0 ||
	    fixture_sample("greeting", "Generate a greeting", GREETING_TOKENS, &questions[1], fault) < 0 ||
	    fixture_list_roots("client_roots", &questions[2], fault) < 0 ||
	    fixture_ask(call, questions, ARRAY_LEN(questions), json_pack("{s:i}", "round", 1), &answers, fault) < 0)
		return -1;
	name = fixture_answer_text(answers, "user_name", "name");
	r = fixture_give_text(result_r, fault, "%s, says the model to %s, who has %zu roots.",
			      sampled_text(answers, "greeting"), name != NULL ? name : "nobody",
			      json_get_array_len(json_get_object(answers, "client_roots"), "roots"));
	json_decref(answers);
	return r;
}

/* The name, from the round before or asked now; a new reference to a string. */
static int
learn_name(struct action_call *call, json_t **name_r, struct fault *fault)
{
	struct action_question question;
	json_t *answers = NULL;
	const char *name = json_get_str(action_kept(call), "name", NULL);

	if (name == NULL) {
		if (fixture_form("step1", "Step 1: What is your name?", name_schema, &question, fault) < 0 ||
		    fixture_ask(call, &question, 1, json_pack("{s:i}", "round", 1), &answers, fault) < 0)
			return -1;
		name = fixture_answer_text(answers, "step1", "name");
	}
	*name_r = json_string(name != NULL ? name : "nobody");
	json_decref(answers);
	return *name_r != NULL ? 0 : fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "Out of memory. Try again later.");
}

static int
run_multi_round(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct action_question question;
	json_t *answers = NULL, *name = NULL;
	const char *color;
	int r;

	(void)params;
	if (learn_name(call, &name, fault) < 0)
		return -1;
	r = fixture_form("step2", "Step 2: What is your favorite color?", color_schema, &question, fault);
	if (r == 0)
		r = fixture_ask(call, &question, 1, json_pack("{s:O}", "name", name), &answers, fault);
	if (r == 0) {
		color = fixture_answer_text(answers, "step2", "color");
		r = fixture_give_text(result_r, fault, "%s likes %s.", json_string_value(name),
				      color != NULL ? color : "no color");
	}
	json_decref(answers);
	json_decref(name);
	return r;
}

/* Asks in the way that this client can. */
static int
run_capabilities(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct action_question questions[2];
	json_t *answers = NULL;
	size_t n = 0;
	int r = 0;

	(void)params;
	if (action_can_ask(call, ACTION_ELICIT_FORM))
		r = fixture_form("user_name", "What is your name?", name_schema, &questions[n++], fault);
	if (r == 0 && (action_can_ask(call, ACTION_SAMPLE) || n == 0))
		r = fixture_sample("greeting", "Generate a greeting", GREETING_TOKENS, &questions[n++], fault);
	if (r == 0)
		r = fixture_ask(call, questions, n, NULL, &answers, fault);
	if (r == 0)
		r = fixture_give_text(result_r, fault, "%zu questions were answered.", n);
	json_decref(answers);
	return r;
}

#define ROUND(its_name, its_title, its_description, its_run)                                                           \
	{                                                                                                              \
		FIXTURE_TOOL("test_input_required_result_" its_name, its_title, its_description, its_run)              \
	}

static const struct action rows[] = {
    ROUND("elicitation", "Asks the user", "Asks for a name and greets.", run_elicitation),
    ROUND("sampling", "Asks the model", "Asks the client's model for a capital.", run_sampling),
    ROUND("list_roots", "Asks for roots", "Asks for the client's roots.", run_list_roots),
    ROUND("request_state", "Keeps a state", "Keeps something from one round to the next.", run_request_state),
    ROUND("multiple_inputs", "Asks three things", "Asks user, model and client at once.", run_several),
    ROUND("multi_round", "Asks twice", "Asks for a name, then for a color.", run_multi_round),
    ROUND("tampered_state", "Guards its state", "Notices when its state was changed.", run_request_state),
    ROUND("capabilities", "Asks what it may", "Asks only what the client can be asked.", run_capabilities),
};

const struct action_table fixture_rounds_table = {rows, ARRAY_LEN(rows)};
