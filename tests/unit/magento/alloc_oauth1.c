#include "base/err.h"
#include "magento/oauth1.h"
#include "torture.h"

static int
sign(void *ctx)
{
	struct oauth1_request request = {
	    "GET", SLICE_LIT("https://shop.example:8443/sub/rest/all/V1/products/a%2Fb?b=c%20d&a%5B1%5D=10")};
	struct secret some = {.len = 3, .bytes = "abc"};
	struct oauth1_signer signer = {&some, &some, &some, &some, 1700000000, "nonce"};
	struct buf header;
	int r;

	(void)ctx;
	buf_init_secret(&header, OAUTH1_HEADER_MAX);
	r = oauth1_authorization(&request, &signer, &header);
	buf_fini(&header);
	return r;
}

int
main(void)
{
	torture("oauth1 header", sign, NULL);
	return torture_failures() >= 5 ? 0 : 1;
}
