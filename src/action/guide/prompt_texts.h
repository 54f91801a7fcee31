/*
 * prompt_texts.h - what the prompts say (private to action/); a unit test holds every tool and parameter that they name
 * against the rows
 */
#ifndef ACTION_GUIDE_PROMPT_TEXTS_H
#define ACTION_GUIDE_PROMPT_TEXTS_H

#include "prompt_text.h"

extern const struct prompt_line prompt_display[], prompt_sale[], prompt_price[], prompt_seo[], prompt_coupon[];

/* Ends every prompt: how to treat what was quoted, and the rules for changes. */
extern const struct prompt_line prompt_closing[];

#endif
