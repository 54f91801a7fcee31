/*
 * http_frames.c - tells how this server takes the bytes of connections apart, for comparing it with another server
 *
 * Input: cases, each a line with the number of its bytes, then the bytes.  Output: a line for each, with a word for
 * each request, METHOD,TARGET,BODY,PATH,HOST,KEEPS in hexadecimal (KEEPS is 1 or 0), then `.` (nothing left), `+` (the
 * beginning of another request) or the status of a refusal.
 */
#include <stdio.h>
#include <stdlib.h>

#include "frames.h"

#define CASE_MAX (1024 * 1024)

static void
print_hex(struct slice s, char end)
{
	for (size_t i = 0; i < s.len; i++)
		printf("%02x", (unsigned)(unsigned char)s.ptr[i]);
	putchar(end);
}

static void
on_request(void *ctx, const struct http_head *head, struct slice body)
{
	(void)ctx;
	print_hex(head->method_text, ',');
	print_hex(head->target, ',');
	print_hex(body, ',');
	print_hex(head->path, ',');
	print_hex(head->host, ',');
	printf("%d ", head->keep_alive);
}

static void
take_apart(struct slice in)
{
	struct frames frames;

	frames_init(&frames, on_request, NULL);
	frames_feed(&frames, in);
	if (frames.status != 0)
		printf("%d\n", frames.status);
	else
		puts(frames_is_waiting(&frames, in.len) ? "+" : ".");
	frames_fini(&frames);
}

int
main(void)
{
	char *bytes = malloc(CASE_MAX);
	size_t len;

	while (bytes != NULL && scanf("%zu", &len) == 1 && getchar() == '\n' && len <= CASE_MAX) {
		if (fread(bytes, 1, len, stdin) != len)
			break;
		take_apart(slice_of(bytes, len));
	}
	free(bytes);
	return 0;
}
