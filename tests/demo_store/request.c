#include "request.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

static size_t
count_pairs(const char *query)
{
	size_t count = 1;

	for (; *query != '\0'; query++)
		count += *query == '&';
	return count;
}

static void
split_pairs(struct request *req)
{
	char *save = NULL;

	for (char *pair = strtok_r(req->query_copy, "&", &save); pair != NULL; pair = strtok_r(NULL, "&", &save)) {
		struct query_pair *slot = &req->pairs[req->pair_count++];
		char *equals = strchr(pair, '=');

		slot->name = pair;
		slot->value = "";
		if (equals != NULL) {
			*equals = '\0';
			text_decode_percent(equals + 1, true);
			slot->value = equals + 1;
		}
		text_decode_percent(pair, true);
	}
}

int
request_init(struct request *req)
{
	const char *mark = strchr(req->uri, '?');
	size_t path_len = mark != NULL ? (size_t)(mark - req->uri) : strlen(req->uri);

	req->query = mark != NULL ? mark + 1 : "";
	req->path = strndup(req->uri, path_len);
	req->path_copy = strndup(req->uri, path_len);
	if (req->path == NULL || req->path_copy == NULL)
		return -1;
	if (*req->query == '\0')
		return 0;
	req->query_copy = strdup(req->query);
	req->pairs = calloc(count_pairs(req->query), sizeof(*req->pairs));
	if (req->query_copy == NULL || req->pairs == NULL)
		return -1;
	split_pairs(req);
	return 0;
}

void
request_fini(struct request *req)
{
	free(req->path);
	free(req->path_copy);
	free(req->query_copy);
	free(req->pairs);
	json_decref(req->body);
}

const char *
request_find_query(const struct request *req, const char *name)
{
	for (size_t i = req->pair_count; i > 0; i--) {
		if (strcmp(req->pairs[i - 1].name, name) == 0)
			return req->pairs[i - 1].value;
	}
	return NULL;
}

void
reply_set_json(struct reply *reply, int status, json_t *json)
{
	json_decref(reply->json);
	free(reply->owned);
	reply->owned = NULL;
	reply->json = json;
	reply->status = status;
	reply->text = NULL;
	reply->content_type = NULL;
}

void
reply_set_text(struct reply *reply, int status, const char *content_type, const char *text)
{
	reply_set_json(reply, status, NULL);
	reply->text = text;
	reply->text_len = strlen(text);
	reply->content_type = content_type;
}

int
reply_render(struct reply *reply)
{
	if (reply->text != NULL)
		return 0;
	reply->owned = json_dumps(reply->json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH | JSON_ENCODE_ANY |
						   JSON_REAL_PRECISION(15));
	if (reply->owned == NULL)
		return -1;
	reply->text = reply->owned;
	reply->text_len = strlen(reply->owned);
	return 0;
}

void
reply_fini(struct reply *reply)
{
	json_decref(reply->json);
	free(reply->owned);
	free(reply->tags);
	free(reply->location);
	reply->tags = NULL;
	reply->location = NULL;
	reply->json = NULL;
	reply->owned = NULL;
	reply->text = NULL;
}
