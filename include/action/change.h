/*
 * change.h - what an action, or the server itself, has changed that clients may be watching
 */
#ifndef ACTION_CHANGE_H
#define ACTION_CHANGE_H

#include "base/slice.h"

enum action_change_kind {
	ACTION_CHANGE_TOOLS = 1, /* the list of tools */
	ACTION_CHANGE_PROMPTS,
	ACTION_CHANGE_RESOURCES, /* the list of resources */
	ACTION_CHANGE_RESOURCE	 /* what stands behind `uri` */
};

struct action_change {
	enum action_change_kind kind;
	struct slice uri;	/* RESOURCE */
	struct slice principal; /* who alone may learn of it; SLICE_NONE: everybody */
};

#endif
