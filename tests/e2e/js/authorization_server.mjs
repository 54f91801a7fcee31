// authorization_server.mjs PORT RESOURCE: an OAuth 2.1 authorization server (oidc-provider) for tests.
//
// Client credentials: each client id is `ALGORITHM.NAME`, its secret "secret"; its access tokens are JWTs for the resource
// that it asks for, signed with that algorithm, opaque ones if the resource ends in /opaque; the subject is the client id.  POST /test/rotate adds and prefers a new key per algorithm; POST /test/forget drops the old ones.
// POST /test/sign makes a token of whatever header and claims stand in the body ({header, claims, key}), with the present key of the
// algorithm `key`; `key` "public" makes a MAC with the text of a public key, "stranger" signs with a key that nobody publishes.
// Prints one line of JSON when it listens.

import {createServer} from 'node:http';
import {text} from 'node:stream/consumers';

import {exportJWK, exportSPKI, FlattenedSign, generateKeyPair, importJWK} from 'jose';
import Provider from 'oidc-provider';

const [port, resource] = [Number(process.argv[2]), process.argv[3]];
const issuer = `http://127.0.0.1:${port}`;
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const scopes = ['catalog:read', 'catalog:write', 'scope:read', 'pricing:write', 'main/catalog:read', 'outlet/catalog:read'];

let round = 0;

async function makeKeys() {
    round++;
    return Promise.all(algorithms.map(async (alg) => {
        const {privateKey} = await generateKeyPair(alg, {extractable: true});
        return {...await exportJWK(privateKey), alg, use: 'sig', kid: `${alg}-${round}`};
    }));
}

function makeProvider(keys) {
    return new Provider(issuer, {
        jwks: {keys},
        clients: algorithms.flatMap((alg) => ['amy', 'bob'].map((name) => ({
            client_id: `${alg}.${name}`, client_secret: 'secret', grant_types: ['client_credentials'], redirect_uris: [],
            response_types: [], token_endpoint_auth_method: 'client_secret_post',
        }))),
        scopes,
        ttl: {ClientCredentials: 600},
        features: {
            devInteractions: {enabled: false},
            clientCredentials: {enabled: true},
            resourceIndicators: {
                enabled: true,
                getResourceServerInfo: (ctx, indicator, client) => ({
                    scope: scopes.join(' '),
                    audience: indicator,
                    accessTokenTTL: 600,
                    accessTokenFormat: indicator.endsWith('/opaque') ? 'opaque' : 'jwt',
                    jwt: {sign: {alg: client.clientId.split('.')[0]}},
                }),
            },
        },
    }).callback();
}

async function keyFor(name, alg) {
    if (name === 'stranger')
        return (await generateKeyPair(alg)).privateKey;
    if (name === 'public') {
        const {d, p, q, dp, dq, qi, ...shown} = keys.find((key) => key.alg === 'RS256');
        return new TextEncoder().encode(await exportSPKI(await importJWK(shown, 'RS256', {extractable: true})));
    }
    const {alg: own, ...key} = keys.find((each) => each.alg === name);
    return importJWK(key, alg);
}

async function sign({header, claims, key}) {
    const signer = new FlattenedSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader(header);
    const parts = await signer.sign(await keyFor(key, header.alg));
    return `${parts.protected}.${parts.payload}.${parts.signature}`;
}

let keys = await makeKeys();
let callback = makeProvider(keys);

const server = createServer(async (request, response) => {
    if (request.url === '/test/sign')
        return response.end(await sign(JSON.parse(await text(request))));
    if (request.url === '/test/rotate')
        keys = [...await makeKeys(), ...keys];
    else if (request.url === '/test/forget')
        keys = keys.slice(0, algorithms.length);
    else
        return callback(request, response);
    callback = makeProvider(keys);
    return response.end();
});
server.listen(port, '127.0.0.1', () => console.log(JSON.stringify({issuer, resource})));
