// h2_front.mjs KEY CERT PORT - a shop behind TLS that speaks HTTP/2 with whoever can; prints its own port, then for each
// request the version by which it came

import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createSecureServer } from "node:http2";

const [key, cert, port] = process.argv.slice(2);

const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert), allowHTTP1: true }, (ask, answer) => {
    console.log(ask.httpVersion);
    // The shop judges signatures by the address that it was called at.
    const headers = { host: ask.headers[":authority"] ?? ask.headers.host, "x-forwarded-proto": "https" };
    for (const [name, value] of Object.entries(ask.headers)) if (!name.startsWith(":")) headers[name] = value;
    const upstream = request({ host: "127.0.0.1", port, method: ask.method, path: ask.url, headers }, (reply) => {
        for (const name of ["connection", "keep-alive", "transfer-encoding"]) delete reply.headers[name];
        answer.writeHead(reply.statusCode, reply.headers);
        reply.pipe(answer);
    });
    upstream.on("error", () => answer.destroy());
    ask.pipe(upstream);
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
