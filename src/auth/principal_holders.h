/*
 * principal_holders.h - how a principal that is not static is let go (private to auth/)
 */
#ifndef AUTH_PRINCIPAL_HOLDERS_H
#define AUTH_PRINCIPAL_HOLDERS_H

#include <stdint.h>

struct principal_holders {
	uint32_t n;
	void (*gone)(struct principal_holders *holders); /* nobody holds it any more */
};

#endif
