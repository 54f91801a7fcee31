#include "descriptors.h"

uint32_t
descriptors_for_clients(uint64_t limit, uint32_t wanted)
{
	uint64_t half = limit > DESCRIPTORS_BASE ? (limit - DESCRIPTORS_BASE) / 2 : 0;
	uint64_t rest = limit > DESCRIPTORS_OWN ? limit - DESCRIPTORS_OWN : 0;
	uint64_t room = half > rest ? half : rest;

	if (room == 0)
		return 1;
	return room < wanted ? (uint32_t)room : wanted;
}
