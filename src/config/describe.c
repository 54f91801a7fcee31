/*
 * describe.c - the sample file and the manual page, made from the table of keys
 */
#include <string.h>

#include "config/config.h"
#include "config/keys.h"
#include "config/value.h"

#define STATE_DIR_DEFAULT "/var/lib/magento-mcp"

/* ---- text in lines ---- */

struct style {
	const char *prefix; /* of every line */
	size_t width;
	bool is_mdoc; /* each sentence begins a line, backquotes are spelled out */
};

static const struct style sample_style = {"# ", 110, false};
static const struct style mdoc_style = {"", 78, true};

static void
put_word(struct buf *out, const struct style *style, struct slice word)
{
	size_t i;

	for (i = 0; i < word.len; i++) {
		if (style->is_mdoc && word.ptr[i] == '`')
			(void)buf_put_str(out, "\\(ga");
		else
			(void)buf_put_char(out, word.ptr[i]);
	}
}

/* Sentences in the table are set apart by two spaces, so an empty word is the end of one. */
static void
put_text(struct buf *out, const struct style *style, const char *text)
{
	struct slice rest = slice_from_str(text), word;
	size_t column = 0;
	bool is_new_sentence = false;

	while (slice_next(&rest, ' ', &word)) {
		if (word.len == 0) {
			is_new_sentence = true;
			continue;
		}
		if (column > 0 && (column + 1 + word.len > style->width || (is_new_sentence && style->is_mdoc))) {
			(void)buf_put_char(out, '\n');
			column = 0;
		}
		(void)buf_put_str(out, column == 0 ? style->prefix : is_new_sentence ? "  " : " ");
		put_word(out, style, word);
		column += word.len + 1;
		is_new_sentence = false;
	}
	(void)buf_put_char(out, '\n');
}

/* ---- what is said of one key ---- */

static int
put_value(struct buf *out, const struct config_key *key)
{
	if (key->flags & KEY_IN_STATE_DIR)
		return buf_printf(out, "%s/%s", STATE_DIR_DEFAULT, key->fallback);
	if (key->fallback != NULL && key->fallback[0] != '\0')
		return buf_put_str(out, key->fallback);
	return buf_put_str(out, key->example != NULL ? key->example : "SECRET");
}

static bool
has_default(const struct config_key *key)
{
	return key->fallback != NULL && key->fallback[0] != '\0';
}

/* Range, choices, environment, restart: one sentence each, behind two spaces. */
static void
put_facts(struct buf *out, const struct config_key *key)
{
	const struct config_choice *choice;
	size_t before;

	before = out->len;
	(void)buf_put_str(out, "  Range: ");
	if (value_print_range(key, out) == 0 && out->len > before + sizeof("  Range: ") - 1)
		(void)buf_put_str(out, ".");
	else
		buf_truncate(out, before);
	for (choice = key->choices; key->type == TYPE_ENUM && choice->word != NULL; choice++)
		(void)buf_printf(out, "%s%s%s", choice == key->choices ? "  One of " : ", ", choice->word,
				 choice[1].word == NULL ? "." : "");
	if (key->flags & KEY_REQUIRED)
		(void)buf_put_str(out, "  Must be given.");
	else if (!has_default(key))
		(void)buf_put_str(out, "  Not set by default.");
	if (key->flags & KEY_RESTART)
		(void)buf_put_str(out, "  A change needs a restart.");
	if (key->seed != NULL)
		(void)buf_printf(out, "  Environment: %s.", key->seed);
}

static void
put_key_text(struct buf *out, const struct style *style, const struct config_key *key)
{
	struct buf text;

	buf_init(&text, 4096);
	(void)buf_put_str(&text, key->doc);
	put_facts(&text, key);
	if (text.failed != 0)
		out->failed = text.failed;
	else
		put_text(out, style, buf_cstr(&text));
	buf_fini(&text);
}

/* ---- sample file ---- */

static void
put_sample_section(struct buf *out, const struct config_section *section)
{
	size_t i;

	(void)buf_put_char(out, '\n');
	put_text(out, &sample_style, section->doc);
	if (section->flags == 0)
		(void)buf_printf(out, "[%s]\n", section->name);
	else
		(void)buf_printf(out, "#[%s \"%s\"]\n", section->name, section->example_name);
	for (i = 0; i < keys_count; i++) {
		const struct config_key *key = &keys_table[i];

		if (strcmp(key->section, section->name) != 0)
			continue;
		(void)buf_put_char(out, '\n');
		put_key_text(out, &sample_style, key);
		(void)buf_printf(out, "#%s = ", key->key);
		(void)put_value(out, key);
		(void)buf_put_char(out, '\n');
	}
}

int
config_describe_sample(struct buf *out)
{
	size_t i;

	(void)buf_put_str(
	    out, "# magento-mcp.conf - configuration of magento-mcp, see magento-mcp.conf(5)\n"
		 "#\n"
		 "# Written by `magento-mcp check --print-sample`.  A line that begins with # and a key shows the\n"
		 "# default or, where there is none, an example; take the # away to set it.  Try the result with\n"
		 "# `magento-mcp check -c FILE`.\n");
	for (i = 0; i < keys_sections_count; i++)
		put_sample_section(out, &keys_sections[i]);
	return out->failed;
}

/* ---- manual page ---- */

static const char man_head[] = ".\\\" Written by `magento-mcp check --print-man`; do not edit.\n"
			       ".Dd November 22, 2026\n"
			       ".Dt MAGENTO-MCP.CONF 5\n"
			       ".Os\n"
			       ".Sh NAME\n"
			       ".Nm magento-mcp.conf\n"
			       ".Nd configuration of magento-mcp\n"
			       ".Sh DESCRIPTION\n"
			       "The configuration of\n"
			       ".Xr magento-mcp 8\n"
			       "is one file of sections and settings:\n"
			       ".Bd -literal -offset indent\n"
			       "# comment, also after ;\n"
			       "[section]\n"
			       "key = value\n"
			       "\n"
			       "[section \"NAME\"]\n"
			       "key = value\n"
			       ".Ed\n"
			       ".Pp\n"
			       "Comments stand on lines of their own.\n"
			       "Values are not quoted; space around them is dropped.\n"
			       "The text is UTF-8, lines are at most 8192 bytes long.\n"
			       "Sections and keys that are not known, or stand there twice, and values out of\n"
			       "range are errors.\n"
			       ".Pp\n"
			       "A setting may also come from the environment and from the option\n"
			       ".Fl s .\n"
			       "Where several sources set a key, the last of this list counts:\n"
			       ".Bl -enum -compact -offset indent\n"
			       ".It\n"
			       "the default\n"
			       ".It\n"
			       "the file\n"
			       ".It\n"
			       "a variable of an older set-up, named with the key below\n"
			       ".It\n"
			       "the variable\n"
			       ".Ev MAGENTO_MCP_SECTION_KEY\n"
			       "or\n"
			       ".Ev MAGENTO_MCP_STORE_NAME_KEY ,\n"
			       "in upper case and with _ for every other character\n"
			       ".It\n"
			       ".Fl s Ar section.key Ns = Ns Ar value\n"
			       "or\n"
			       ".Fl s Ar store.NAME.key Ns = Ns Ar value\n"
			       ".El\n"
			       ".Pp\n"
			       "Variables that are empty count as not set.\n"
			       "The older variables of a store\n"
			       ".Pq Ev MAGENTO_BASE_URL No and its like\n"
			       "define the store\n"
			       ".Dq default ,\n"
			       "unless the file defines stores; then they are ignored with a warning.\n"
			       ".Pp\n"
			       "Forms of values:\n"
			       ".Bl -tag -width percentage -offset indent\n"
			       ".It size\n"
			       "bytes, or a number with K, M or G (powers of 1024)\n"
			       ".It duration\n"
			       "milliseconds, or a number with ms, s, m, h or d\n"
			       ".It percentage\n"
			       "a number with at most two decimals\n"
			       ".It yes | no\n"
			       "also true, false, on, off, 1, 0\n"
			       ".It list\n"
			       "items separated by commas or spaces\n"
			       ".It address\n"
			       "an IPv4 address and port, or [IPv6 address]:port; port 0 means any free one\n"
			       ".It path\n"
			       "begins with /\n"
			       ".It secret\n"
			       "text of at most 511 bytes.\n"
			       "Instead of\n"
			       ".Ar KEY\n"
			       "one may write\n"
			       ".Ar KEY Ns _file = Ar PATH :\n"
			       "the secret is read from the file, less a line break at its end.\n"
			       "A relative path is looked up in\n"
			       ".Ev CREDENTIALS_DIRECTORY ,\n"
			       "where systemd puts the credentials of a service.\n"
			       ".El\n"
			       ".Sh SECTIONS\n";

static const char man_tail[] = ".Sh FILES\n"
			       ".Bl -tag -width Ds\n"
			       ".It Pa /etc/magento-mcp/magento-mcp.conf\n"
			       "the file that is read when no other one is named\n"
			       ".El\n"
			       ".Sh EXAMPLES\n"
			       "One store for callers on this machine:\n"
			       ".Bd -literal -offset indent\n"
			       "[store \"main\"]\n"
			       "base_url = https://shop.example.com\n"
			       "integration_token_file = integration_token\n"
			       ".Ed\n"
			       ".Pp\n"
			       "For callers elsewhere, behind a proxy that does TLS:\n"
			       ".Bd -literal -offset indent\n"
			       "[server]\n"
			       "listen = 10.0.0.5:8765\n"
			       "allowed_hosts = mcp.example.com\n"
			       "\n"
			       "[auth]\n"
			       "mode = token\n"
			       "\n"
			       "[principal \"alice\"]\n"
			       "token_sha256 = (from magento-mcp token alice)\n"
			       ".Ed\n"
			       ".Sh SEE ALSO\n"
			       ".Xr magento-mcp 8\n";

static void
put_man_key(struct buf *out, const struct config_key *key)
{
	(void)buf_printf(out, ".It Ic %s Ns = Ns Aq Ar %s\n", key->key, value_type_name(key));
	put_key_text(out, &mdoc_style, key);
	if (!has_default(key))
		return;
	(void)buf_put_str(out, "Default:\n");
	if (key->flags & KEY_IN_STATE_DIR)
		(void)buf_printf(out, ".Pa %s\nin\n.Ic server.state_dir .\n", key->fallback);
	else
		put_text(out, &mdoc_style, key->fallback);
}

int
config_describe_man(struct buf *out)
{
	size_t i, k;

	(void)buf_put_str(out, man_head);
	for (i = 0; i < keys_sections_count; i++) {
		const struct config_section *section = &keys_sections[i];

		if (section->flags == 0)
			(void)buf_printf(out, ".Ss Section %s\n", section->name);
		else
			(void)buf_printf(out, ".Ss Sections %s Dq NAME\n", section->name);
		put_text(out, &mdoc_style, section->doc);
		(void)buf_put_str(out, ".Bl -tag -width Ds\n");
		for (k = 0; k < keys_count; k++) {
			if (strcmp(keys_table[k].section, section->name) == 0)
				put_man_key(out, &keys_table[k]);
		}
		(void)buf_put_str(out, ".El\n");
	}
	(void)buf_put_str(out, man_tail);
	return out->failed;
}
