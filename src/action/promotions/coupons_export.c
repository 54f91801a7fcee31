/*
 * coupons_export.c - promotions.export_coupons: the codes of a rule as CSV
 */
#include <string.h>

#include "action/env.h"
#include "base/buf.h"
#include "coupon_list.h"
#include "csv.h"
#include "json/get.h"
#include "promotions.h"
#include "results.h"
#include "rule_desk.h"
#include "rule_shapes.h"
#include "shapes.h"
#include "store.h"

#define ROWS_DEFAULT 10000
#define ROWS_MAX 50000
#define FIELDS "coupon_id,code,usage_limit,usage_per_customer,times_used,is_primary,created_at,type"
#define AROUND_BYTES 512 /* of the result, around the CSV */

/* expiration_date stays empty: Magento does not give it. */
static const char *const columns[] = {"coupon_id",  "code",	  "usage_limit", "usage_per_customer",
				      "times_used", "is_primary", "created_at",	 "expiration_date",
				      "type"};

struct export
{
	struct store_client *sc;
	struct coupon_list list;
	uint32_t max_rows;
	size_t max_bytes; /* of the CSV as a JSON string */
	size_t bytes;	  /* so far */
	struct buf text;
	struct csv csv;
	uint32_t rows;
	int64_t last_id; /* of the last row */
	bool complete;
};

/* ---- rows ---- */

static void
put_field(struct csv *csv, const json_t *coupon, const char *column)
{
	json_t *value = json_get(coupon, column);
	int64_t number;

	if (json_is_string(value))
		csv_field(csv, slice_of(json_string_value(value), json_string_length(value)));
	else if (json_is_boolean(value))
		csv_field(csv, json_is_true(value) ? SLICE_LIT("true") : SLICE_LIT("false"));
	else if (json_is_integral(value, &number))
		csv_field_int(csv, number);
	else
		csv_field(csv, SLICE_NONE);
}

/* How many bytes this CSV takes within JSON, where quotes, backslashes and line ends are escaped. */
static size_t
json_len(struct slice text)
{
	size_t len = text.len;

	for (size_t i = 0; i < text.len; i++)
		len += text.ptr[i] == '"' || text.ptr[i] == '\\' || text.ptr[i] == '\r' || text.ptr[i] == '\n' ||
		       text.ptr[i] == '\t';
	return len;
}

/* False: the result is full, and the row was taken back. */
static bool
put_row(struct export *export, const json_t *coupon)
{
	size_t before = export->text.len, escaped = export->csv.escaped, len;

	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		put_field(&export->csv, coupon, columns[i]);
	csv_end_row(&export->csv);
	len = json_len(slice_sub(buf_slice(&export->text), before, export->text.len - before));
	if (export->text.failed != 0 || export->bytes + len > export->max_bytes) {
		buf_truncate(&export->text, before);
		export->csv.escaped = escaped;
		return false;
	}
	export->bytes += len;
	export->rows++;
	export->last_id = json_get_int(coupon, "coupon_id", 0);
	return true;
}

static void
put_header(struct export *export)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		csv_field(&export->csv, slice_from_str(columns[i]));
	csv_end_row(&export->csv);
	export->bytes = json_len(buf_slice(&export->text));
}

/* ---- reading ---- */

/* One page of coupons.  *more_r: there is another one, and room for it. */
static int
take_page(struct export *export, bool *more_r, struct fault *fault)
{
	json_t *items = NULL;
	int64_t left = 0;
	size_t n, i = 0;

	if (coupon_list_next(&export->list, export->max_rows - export->rows, &items, &left, fault) < 0)
		return -1;
	n = json_array_size(items);
	while (i < n && put_row(export, json_array_get(items, i)))
		i++;
	json_decref(items);
	export->complete = i == n && (int64_t)n >= left;
	*more_r = i == n && n > 0 && !export->complete && export->rows < export->max_rows;
	return 0;
}

static int
count_all(struct export *export, int64_t *total_r, struct fault *fault)
{
	struct criteria criteria;
	struct pool *pool = export->sc->call->pool;
	json_t *items = NULL;

	criteria_init(&criteria, pool);
	criteria_where(&criteria, "rule_id", "eq", pool_printf(pool, "%lld", (long long)export->list.rule_id));
	criteria_page(&criteria, 1, 1);
	criteria_param(&criteria, "fields", "total_count");
	if (rule_list(export->sc, "/coupons/search", &criteria, &items, total_r, fault) < 0)
		return -1;
	json_decref(items);
	return 0;
}

static int
render(struct export *export, int64_t total, json_t **result_r, struct fault *fault)
{
	json_t *result =
	    json_pack("{s:s, s:I, s:I, s:s%, s:b, s:I}", "format", "csv", "total_count", (json_int_t)total, "row_count",
		      (json_int_t) export->rows, "csv", buf_cstr(&export->text), export->text.len, "complete",
		      export->complete, "escaped_count", (json_int_t) export->csv.escaped);

	if (result == NULL ||
	    (!export->complete && export->rows > 0 &&
	     json_object_set_new(result, "next_after_id", json_integer((json_int_t) export->last_id)) < 0)) {
		json_decref(result);
		return result_out_of_memory(fault);
	}
	*result_r = result;
	return 0;
}

static int
export_all(struct export *export, json_t **result_r, struct fault *fault)
{
	json_t *rule = NULL;
	int64_t total = 0;
	bool more = true;

	if (rule_read(export->sc, export->list.rule_id, "rule_id", &rule, fault) < 0)
		return -1;
	json_decref(rule);
	if (count_all(export, &total, fault) < 0)
		return -1;
	put_header(export);
	while (more) {
		if (rule_may_go_on(export->sc, fault) < 0 || take_page(export, &more, fault) < 0)
			return -1;
	}
	if (export->text.failed != 0 && export->rows == 0)
		return result_out_of_memory(fault);
	return render(export, total, result_r, fault);
}

static int
export_coupons(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct export export = {
	    .sc = sc,
	    .list = {.sc = sc,
		     .rule_id = json_get_int(params, "rule_id", 0),
		     .fields = FIELDS,
		     .after = json_get_int(params, "after_coupon_id", 0),
		     .size = COUPON_LIST_SIZE},
	    .max_rows = (uint32_t)json_get_int(params, "max_rows", ROWS_DEFAULT),
	    .max_bytes = (size_t)sc->call->env->config->magento.max_result_bytes - AROUND_BYTES,
	};
	int r;

	buf_init(&export.text, export.max_bytes);
	csv_init(&export.csv, &export.text);
	r = export_all(&export, result_r, fault);
	buf_fini(&export.text);
	return r;
}

int
coupons_export(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, export_coupons);
}

/* ---- shapes ---- */

static const char *const formats[] = {"csv", NULL};
static const struct json_prop params_props[] = {
    {"rule_id", &rule_id_shape, true, NULL},
    JSON_OPTIONAL("format", .type = JSON_T_STRING, .enumeration = formats, .default_json = "\"csv\"",
		  .description = "Form of the list"),
    JSON_OPTIONAL("max_rows", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(1), .maximum = JSON_BOUND(ROWS_MAX),
		  .default_json = "10000", .description = "Rows in this answer"),
    JSON_OPTIONAL("after_coupon_id", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(0),
		  .maximum = JSON_BOUND(4294967295), .default_json = "0",
		  .description = "Continue after this id (next_after_id of the last answer)"),
    {0},
};
const struct json_schema coupons_export_params = {.type = JSON_T_OBJECT, .props = params_props};

static const struct json_schema format_shape = {.type = JSON_T_STRING, .enumeration = formats};
static const struct json_prop result_props[] = {
    {"format", &format_shape, true, NULL},
    {"total_count", &shape_count, true, "All coupons of the rule"},
    {"row_count", &shape_count, true, "Rows in this answer, without the header"},
    {"csv", &shape_text, true, "RFC 4180 with a header line"},
    {"complete", &shape_flag, true, "false: there are more; call again with after_coupon_id = next_after_id"},
    {"next_after_id", &shape_count, false, NULL},
    {"escaped_count", &shape_count, true, "Fields that got a leading ' so that a spreadsheet does not run them"},
    {0},
};
const struct json_schema coupons_export_result = {.type = JSON_T_OBJECT, .props = result_props};
