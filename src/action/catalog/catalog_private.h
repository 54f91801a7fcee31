/*
 * catalog_private.h - the catalog domain's parts (private to the catalog_*.c files)
 */
#ifndef ACTION_CATALOG_PRIVATE_H
#define ACTION_CATALOG_PRIVATE_H

#include "action/action.h"
#include "commit.h"
#include "fields.h"
#include "reach.h"

/* catalog_update.c: catalog.prepare_bulk_update. */
int catalog_prepare_update(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
extern const struct json_schema catalog_prepare_params;

/* catalog_commit.c: catalog.commit_bulk_update. */
int catalog_commit_update(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
int catalog_ask_update(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault);
extern const struct commit_ops catalog_commit_ops; /* product PUTs; any plan of product fields can use them */

/* catalog_reach.c: which of the updates go where. */
struct catalog_field {
	const struct product_field *field;
	enum reach_field scope; /* in this shop */
	bool is_wider;		/* more views see it than were asked for */
	bool may_be_global;	/* nobody could say: if it is, every view sees it */
	json_t *target;		/* owned; normal form */
};

struct catalog_place {
	const struct reach_write *write;      /* of its first field */
	size_t fields[16];		      /* indices of struct catalog_update's fields written here */
	const struct reach_write *writes[16]; /* of each field: one prefix, but other views may see it */
	size_t n_fields;
};

struct catalog_update {
	struct reach reach;
	struct catalog_field fields[16];
	size_t n_fields;
	struct catalog_place *places; /* in the call's pool */
	size_t n_places;
	bool scopes_are_assumed; /* the attribute list may not be read */
};

/* `reach` is there already. */
int catalog_update_init(struct store_client *sc, struct catalog_update *update, json_t *updates,
			struct fault *fault) MUST_CHECK;
void catalog_update_fini(struct catalog_update *update);

/* The inside of items[...] with everything that these fields and the warnings need. */
#define CATALOG_PROJECTION                                                                                             \
	"id,sku,name,type_id,updated_at,price,status,visibility,weight,extension_attributes[category_links],custom_"   \
	"attributes"

#endif
