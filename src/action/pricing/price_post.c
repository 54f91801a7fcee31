/*
 * price_post.c - lists sent to the bulk price routes, in pieces that the shop takes
 */
#include "base/compiler.h"
#include "magento/error.h"
#include "price_rows.h"
#include "pricing_private.h"
#include "results.h"

#define PIECE_MAX 500
#define READ_TRIES 3

static json_t *
slice_list(const json_t *list, size_t from, size_t n)
{
	json_t *piece = json_array();

	for (size_t i = from; piece != NULL && i < from + n; i++) {
		if (json_array_append(piece, json_array_get(list, i)) < 0) {
			json_decref(piece);
			return NULL;
		}
	}
	return piece;
}

static int
send_piece(struct store_client *sc, struct price_post *post, struct magento_reply *reply, struct fault *fault)
{
	json_t *piece = slice_list(post->list, post->done, post->piece);
	json_t *body = piece != NULL ? json_pack("{s:o}", post->name, piece) : NULL;
	const struct magento_request request = {
	    .method = FETCH_POST, .scope = MAGENTO_SCOPE_ALL, .path = post->path, .body = body};
	int r = -1;

	if (body == NULL)
		return result_out_of_memory(fault);
	for (int tries = 0; r < 0 && tries < (post->is_read ? READ_TRIES : 1); tries++) {
		if (tries > 0 && !reply->in_doubt) /* an answer that will not change */
			break;
		fault_fini(fault);
		fault_init(fault);
		r = magento_call(&sc->magento, &request, reply, fault);
	}
	json_decref(body);
	return r;
}

int
price_post(struct store_client *sc, struct price_post *post, struct fault *fault)
{
	size_t n = json_array_size(post->list), most = PIECE_MAX;
	int r = 0;

	post->done = 0;
	post->in_doubt = false;
	while (r == 0 && post->done < n) {
		struct magento_reply reply;
		size_t allowed;

		magento_reply_init(&reply);
		post->piece = n - post->done < most ? n - post->done : most;
		r = send_piece(sc, post, &reply, fault);
		allowed = r < 0 ? price_rows_allowed(fault->message) : 0;
		if (allowed > 0 && allowed < post->piece) {
			most = allowed;
			fault_fini(fault);
			fault_init(fault);
			r = 0;
		} else if (r == 0) {
			r = post->take(post->ctx, post->done, post->piece, reply.body, fault);
			post->done += r == 0 ? post->piece : 0;
		} else {
			post->in_doubt = reply.in_doubt;
		}
		magento_reply_fini(&reply);
	}
	return r;
}
