// authorization_server.mjs PORT RESOURCE: an OAuth 2.1 authorization server (oidc-provider) for tests.
//
// Client credentials: each client id is `ALGORITHM.NAME`, its secret "secret"; its access tokens are JWTs for the resource
// that it asks for, signed with that algorithm, opaque ones if the resource ends in /opaque; the subject is the client id.  POST /test/rotate adds and prefers a new key per algorithm; POST /test/forget drops the old ones.
// Prints one line of JSON when it listens.

import {createServer} from 'node:http';

import {exportJWK, generateKeyPair} from 'jose';
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

let keys = await makeKeys();
let callback = makeProvider(keys);

const server = createServer(async (request, response) => {
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
