/* The XML Magento answers if a client accepts nothing else. */
#ifndef DEMO_XML_H
#define DEMO_XML_H

#include <jansson.h>

/* malloc'd document, NULL if memory is short. Members of lists become <item>. */
char *xml_render(json_t *value);

#endif
