/*
 * display_facts.h - reading what is known about one product (private to the display_*.c files)
 */
#ifndef ACTION_DISPLAY_FACTS_H
#define ACTION_DISPLAY_FACTS_H

#include <jansson.h>

#include "base/compiler.h"
#include "store.h"

struct display_facts {
	struct store_client *sc;
	const char *sku;	 /* as stored, once the product has been read */
	json_t *facts;		 /* owned */
	json_t *product, *views; /* in `facts` */
	char suffix[64];	 /* of product addresses, as the last view said */
};

/* Values per view, categories, stock and addresses of a product whose `product` and `views` have been read. */
int display_facts_read(struct display_facts *check, struct fault *fault) MUST_CHECK;

/* Members of an object of facts. */
int display_facts_set(json_t *object, const char *key, json_t *value, struct fault *fault) MUST_CHECK; /* borrowed */
int display_facts_set_text(json_t *object, const char *key, const char *text, struct fault *fault) MUST_CHECK;

#endif
