#include "csv.h"

#include <string.h>

void
csv_init(struct csv *csv, struct buf *out)
{
	*csv = (struct csv){.out = out};
}

static void
begin_field(struct csv *csv)
{
	if (csv->in_row)
		buf_put_char(csv->out, ',');
	csv->in_row = true;
}

static bool
is_formula(struct slice text)
{
	return text.len > 0 && text.ptr[0] != '\0' && strchr("=+-@\t\r", text.ptr[0]) != NULL;
}

static bool
needs_quotes(struct slice text)
{
	return slice_find(text, ',') >= 0 || slice_find(text, '"') >= 0 || slice_find(text, '\r') >= 0 ||
	       slice_find(text, '\n') >= 0;
}

static void
put_quoted(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"')
			buf_put_char(out, '"');
		buf_put_char(out, text.ptr[i]);
	}
}

void
csv_field(struct csv *csv, struct slice text)
{
	bool is_quoted = needs_quotes(text);

	begin_field(csv);
	if (is_quoted)
		buf_put_char(csv->out, '"');
	if (is_formula(text)) {
		buf_put_char(csv->out, '\'');
		csv->escaped++;
	}
	if (is_quoted) {
		put_quoted(csv->out, text);
		buf_put_char(csv->out, '"');
	} else {
		buf_put_slice(csv->out, text);
	}
}

void
csv_field_int(struct csv *csv, int64_t value)
{
	begin_field(csv);
	buf_put_i64(csv->out, value);
}

void
csv_end_row(struct csv *csv)
{
	buf_put_str(csv->out, "\r\n");
	csv->in_row = false;
}
