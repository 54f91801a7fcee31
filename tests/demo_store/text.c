#include "text.h"

#include <ctype.h>
#include <math.h> /* isfinite, a macro: libm is not linked */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

size_t
text_decode_percent(char *s, bool plus)
{
	char *out = s;

	for (const char *in = s; *in != '\0'; in++) {
		if (in[0] == '%' && hex_value(in[1]) >= 0 && hex_value(in[2]) >= 0) {
			*out++ = (char)(hex_value(in[1]) * 16 + hex_value(in[2]));
			in += 2;
		} else {
			*out++ = plus && *in == '+' ? ' ' : *in;
		}
	}
	*out = '\0';
	return (size_t)(out - s);
}

bool
text_has_valid_escapes(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '%' && (hex_value(s[1]) < 0 || hex_value(s[2]) < 0))
			return false;
	}
	return true;
}

void
text_put_encoded(FILE *out, const char *s, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
			putc(c, out);
		} else {
			putc('%', out);
			putc(hex[c >> 4], out);
			putc(hex[c & 15], out);
		}
	}
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Runs that start with a zero compare like fractions: digit by digit, the first difference decides. */
static int
compare_fractions(const char **a, const char **b)
{
	for (;; (*a)++, (*b)++) {
		if (!is_digit(**a) || !is_digit(**b))
			return is_digit(**a) - is_digit(**b);
		if (**a != **b)
			return **a < **b ? -1 : 1;
	}
}

/* Other runs compare as whole numbers: the longer run wins, among equals the first difference. */
static int
compare_integers(const char **a, const char **b)
{
	int bias = 0;

	for (;; (*a)++, (*b)++) {
		if (!is_digit(**a) && !is_digit(**b))
			return bias;
		if (!is_digit(**a) || !is_digit(**b))
			return is_digit(**a) ? 1 : -1;
		if (bias == 0 && **a != **b)
			bias = **a < **b ? -1 : 1;
	}
}

int
text_compare_natural(const char *a, const char *b)
{
	for (;;) {
		while (isspace((unsigned char)*a))
			a++;
		while (isspace((unsigned char)*b))
			b++;
		if (is_digit(*a) && is_digit(*b)) {
			int order = *a == '0' || *b == '0' ? compare_fractions(&a, &b) : compare_integers(&a, &b);

			if (order != 0)
				return order;
			continue;
		}
		if (*a != *b)
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		if (*a == '\0')
			return 0;
		a++;
		b++;
	}
}

int
text_compare_collated(const char *a, const char *b)
{
	for (;; a++, b++) {
		int ca = tolower((unsigned char)*a), cb = tolower((unsigned char)*b);

		if (ca != cb) {
			if (ca == '\0' && b[strspn(b, " ")] == '\0')
				return 0;
			if (cb == '\0' && a[strspn(a, " ")] == '\0')
				return 0;
			return ca < cb ? -1 : 1;
		}
		if (ca == '\0')
			return 0;
	}
}

bool
text_matches_like(const char *text, const char *pattern)
{
	const char *retry_pattern = NULL, *retry_text = NULL;

	while (*text != '\0') {
		const char *p = pattern;
		bool literal = *p == '\\' && p[1] != '\0';

		if (*p == '%' && !literal) {
			retry_pattern = ++pattern;
			retry_text = text;
			continue;
		}
		if (literal)
			p++;
		if (*p != '\0' &&
		    ((*p == '_' && !literal) || tolower((unsigned char)*p) == tolower((unsigned char)*text))) {
			pattern = p + 1;
			text++;
		} else if (retry_pattern != NULL) {
			pattern = retry_pattern;
			text = ++retry_text;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "%")] == '\0';
}

bool
text_parse_number(const char *s, double *r)
{
	char *end;

	if (*s == '\0' || isspace((unsigned char)*s))
		return false;
	*r = strtod(s, &end);
	return *end == '\0' && isfinite(*r);
}

bool
text_parse_integer(const char *s, long long *r)
{
	char *end;

	if (*s == '\0' || isspace((unsigned char)*s))
		return false;
	*r = strtoll(s, &end, 10);
	return *end == '\0';
}

char *
text_fold(const char *s)
{
	size_t len = strlen(s);
	char *copy;

	while (len > 0 && s[len - 1] == ' ')
		len--;
	copy = malloc(len + 1);
	if (copy == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++)
		copy[i] = (char)tolower((unsigned char)s[i]);
	copy[len] = '\0';
	return copy;
}

/* The plain letter for the second byte of a two-byte U+00C0..U+00FF sequence, 0 for anything without one. */
static char
latin_letter(unsigned char second)
{
	static const char plain[] = "aaaaaaaceeeeiiiidnooooo-ouuuuytsaaaaaaaceeeeiiiidnooooo-ouuuuyty";

	return second >= 0x80 && second <= 0xbf ? plain[second - 0x80] : 0;
}

char *
text_make_slug(const char *s)
{
	char *slug = malloc(strlen(s) + 1), *out = slug;

	if (slug == NULL)
		return NULL;
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		char letter = isalnum(c) ? (char)tolower(c) : '-';

		if (c == 0xc3 && latin_letter((unsigned char)s[1]) != 0)
			letter = latin_letter((unsigned char)*++s);
		if (letter != '-' || (out > slug && out[-1] != '-'))
			*out++ = letter;
	}
	if (out > slug && out[-1] == '-')
		out--;
	*out = '\0';
	return slug;
}

bool
text_make_snake_case(const char *name, char *out)
{
	size_t len = 0;

	for (size_t i = 0; name[i] != '\0'; i++) {
		if (len + 3 > TEXT_NAME_MAX)
			return false;
		if (isupper((unsigned char)name[i]) && i > 0)
			out[len++] = '_';
		out[len++] = (char)tolower((unsigned char)name[i]);
	}
	out[len] = '\0';
	return true;
}

json_t *
text_number_json(double number)
{
	/* Beyond this a double holds no fractions, and a cast might overflow. */
	if (number > -1e15 && number < 1e15 && number == (double)(json_int_t)number)
		return json_integer((json_int_t)number);
	return json_real(number);
}

const char *
text_from_json(const json_t *value, char *buf)
{
	if (value == NULL)
		return NULL;
	switch (json_typeof(value)) {
	case JSON_STRING:
		return json_string_value(value);
	case JSON_INTEGER:
		snprintf(buf, TEXT_NUMBER_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return buf;
	case JSON_REAL:
		snprintf(buf, TEXT_NUMBER_MAX, "%.15g", json_real_value(value));
		return buf;
	case JSON_TRUE:
		return "1";
	case JSON_FALSE:
		return "0";
	default:
		return NULL;
	}
}

void
text_put_time(long long unix_s, char *buf)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(buf, 20, "%Y-%m-%d %H:%M:%S", &tm);
}
