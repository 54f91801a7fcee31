# What Magento's own VCL does, as far as purging is concerned: pages are kept, PURGE with X-Magento-Tags-Pattern bans by
# tag, and only addresses in the acl may purge.  The test puts in the words between @ signs.

vcl 4.1;

backend default {
	.host = "127.0.0.1";
	.port = "@PORT@";
}

acl purge {
	"@PURGER@";
}

sub vcl_recv {
	if (req.method == "PURGE") {
		if (client.ip !~ purge) {
			return (synth(405, "Method not allowed"));
		}
		if (!req.http.X-Magento-Tags-Pattern && !req.http.X-Pool) {
			return (synth(400, "X-Magento-Tags-Pattern or X-Pool header required"));
		}
		if (req.http.X-Magento-Tags-Pattern) {
			ban("obj.http.X-Magento-Tags ~ " + req.http.X-Magento-Tags-Pattern);
		}
		if (req.http.X-Pool) {
			ban("obj.http.X-Pool ~ " + req.http.X-Pool);
		}
		return (synth(200, "Purged"));
	}
	if (req.method != "GET" && req.method != "HEAD") {
		return (pass);
	}
	if (req.url ~ "^/(rest|graphql|_demo)") {
		return (pass);
	}
	unset req.http.Cookie;
	return (hash);
}

sub vcl_backend_response {
	if (beresp.status == 200 && beresp.http.X-Magento-Tags) {
		set beresp.ttl = 1h;
		unset beresp.http.Set-Cookie;
	} else {
		set beresp.uncacheable = true;
	}
	return (deliver);
}

sub vcl_deliver {
	set resp.http.X-Magento-Cache-Debug = "MISS";
	if (obj.hits > 0) {
		set resp.http.X-Magento-Cache-Debug = "HIT";
	}
	unset resp.http.X-Magento-Tags;
	return (deliver);
}
