/*
 * redact_name.c - names that tell what must not be kept
 */
#include <string.h>

#include "audit/redact.h"

#define NAME_MAX_BYTES 128

struct word {
	const char *text; /* lower case, without '-' and '_'; NULL behind the last one */
	bool whole;	  /* else anywhere in the name */
	enum redact_kind kind;
};

#define WITH(letter) [(letter) - 'a'] = (const struct word[])

/* By their first letters, so that each place of a name is held against few of them. */
static const struct word *const words['z' - 'a' + 1] = {
    WITH('a'){{"apikey", false, REDACT_SECRET}, {"authorization", false, REDACT_SECRET}, {0}},
    WITH('b'){{"bearer", true, REDACT_SECRET}, {0}},
    WITH('c'){{"credential", false, REDACT_SECRET},
	      {"consumerkey", false, REDACT_SECRET},
	      {"cookie", false, REDACT_SECRET},
	      {"cardnumber", false, REDACT_SECRET},
	      {"ccnumber", false, REDACT_SECRET},
	      {"cvv", true, REDACT_SECRET},
	      {"city", true, REDACT_PERSONAL},
	      {0}},
    WITH('d'){{"dateofbirth", false, REDACT_PERSONAL}, {"dob", true, REDACT_PERSONAL}, {0}},
    WITH('e'){{"email", false, REDACT_PERSONAL}, {0}},
    WITH('f'){{"firstname", false, REDACT_PERSONAL}, {"fax", true, REDACT_PERSONAL}, {0}},
    WITH('l'){{"lastname", false, REDACT_PERSONAL}, {0}},
    WITH('m'){{"middlename", false, REDACT_PERSONAL}, {0}},
    WITH('o'){{"oauth", false, REDACT_SECRET}, {"otp", true, REDACT_SECRET}, {0}},
    WITH('p'){{"password", false, REDACT_SECRET},
	      {"passwd", false, REDACT_SECRET},
	      {"passphrase", false, REDACT_SECRET},
	      {"privatekey", false, REDACT_SECRET},
	      {"postcode", false, REDACT_PERSONAL},
	      {"phone", true, REDACT_PERSONAL},
	      {0}},
    WITH('r'){{"remoteip", false, REDACT_PERSONAL}, {0}},
    WITH('s'){{"secret", false, REDACT_SECRET},
	      {"sessionid", false, REDACT_SECRET},
	      {"session", true, REDACT_SECRET},
	      {"street", false, REDACT_PERSONAL},
	      {0}},
    WITH('t'){{"token", false, REDACT_SECRET},
	      {"telephone", false, REDACT_PERSONAL},
	      {"taxvat", false, REDACT_PERSONAL},
	      {0}},
    WITH('v'){{"vatid", false, REDACT_PERSONAL}, {0}},
    WITH('z'){{"zip", true, REDACT_PERSONAL}, {0}},
};

/* Lower case, '-' and '_' left out.  False: longer than any name of ours. */
static bool
normalise(const char *name, char out_r[static NAME_MAX_BYTES])
{
	size_t n = 0;

	for (; *name != '\0'; name++) {
		if (*name == '-' || *name == '_')
			continue;
		if (n == NAME_MAX_BYTES - 1)
			return false;
		out_r[n++] = *name >= 'A' && *name <= 'Z' ? (char)(*name + ('a' - 'A')) : *name;
	}
	out_r[n] = '\0';
	return true;
}

/* The place behind the word, or NULL when it does not stand here. */
static const char *
behind(const char *at, const char *word)
{
	while (*word != '\0' && *at == *word)
		at++, word++;
	return *word == '\0' ? at : NULL;
}

/* What the word that begins here says. */
static enum redact_kind
kind_at(const char *at, bool is_begin)
{
	const struct word *word = *at >= 'a' && *at <= 'z' ? words[*at - 'a'] : NULL;

	for (; word != NULL && word->text != NULL; word++) {
		const char *end = behind(at, word->text);

		if (end != NULL && (!word->whole || (is_begin && *end == '\0')))
			return word->kind;
	}
	return REDACT_NOTHING;
}

enum redact_kind
redact_name(const char *name)
{
	enum redact_kind kind = REDACT_NOTHING;
	char plain[NAME_MAX_BYTES];

	if (!normalise(name, plain))
		return REDACT_SECRET;
	for (const char *at = plain; *at != '\0' && kind != REDACT_SECRET; at++) {
		enum redact_kind here = kind_at(at, at == plain);

		if (here != REDACT_NOTHING)
			kind = here;
	}
	return kind;
}
