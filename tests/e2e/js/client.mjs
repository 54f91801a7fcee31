// One official client over one transport. Its only argument is JSON:
//
//   sdk      package: @modelcontextprotocol/client (2.x), or a 1.x such as @modelcontextprotocol/sdk
//   mode     2.x: auto, legacy, or a revision to insist on
//   url      an endpoint, every request on a new connection; or
//   command  a program to start, with `args`, as desktop clients do
//   asks     whether its user can be asked
//
// Prints one JSON object of facts for the test to judge.
import { flow } from './flow.mjs';

const { sdk, mode, url, command, args, asks } = JSON.parse(process.argv[2]);
const isV2 = sdk === '@modelcontextprotocol/client';
const errors = [];

const load = async path => import(isV2 ? path.v2 : `${sdk}/${path.v1}`);
const { Client } = await load({ v1: 'client/index.js', v2: sdk });

async function makeTransport() {
    if (url !== undefined) {
        const { StreamableHTTPClientTransport } = await load({ v1: 'client/streamableHttp.js', v2: sdk });
        return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { connection: 'close' } } });
    }
    const { StdioClientTransport } = await load({ v1: 'client/stdio.js', v2: `${sdk}/stdio` });
    return new StdioClientTransport({ command, args, env: process.env, stderr: 'ignore' });
}

const options = { capabilities: asks ? { elicitation: {} } : {} };
if (isV2)
    options.versionNegotiation = { mode: mode === 'auto' || mode === 'legacy' ? mode : { pin: mode } };
const client = new Client({ name: 'e2e', version: '1' }, options);
client.onerror = error => errors.push(String(error));

// What the two generations of the SDK call differently.
const types = isV2 ? undefined : await load({ v1: 'types.js' });
const facade = {
    client,
    carries: false,
    call: (params, options) => isV2 ? client.callTool(params, options) : client.callTool(params, undefined, options),
    onQuestion: handler => client.setRequestHandler(isV2 ? 'elicitation/create' : types.ElicitRequestSchema,
        request => handler(request.params)),
    onUpdated: handler => client.setNotificationHandler(
        isV2 ? 'notifications/resources/updated' : types.ResourceUpdatedNotificationSchema,
        notification => handler(notification.params.uri)),
    watch: async uri => {
        if (!facade.carries) {
            await client.subscribeResource({ uri });
            return async () => client.unsubscribeResource({ uri });
        }
        const subscription = await client.listen({ resourceSubscriptions: [uri] });
        return async () => subscription.close();
    },
};

const transport = await makeTransport();
await client.connect(transport);
facade.carries = isV2 && client.getProtocolEra() === 'modern';
const facts = await flow(facade, asks);
facts.era = facade.carries ? 'modern' : 'legacy';
facts.protocol = isV2 ? client.getNegotiatedProtocolVersion() : transport.protocolVersion ?? transport._protocolVersion;
if (!facade.carries)
    facts.ping = await client.ping();
facts.hadSession = typeof transport.sessionId === 'string';
if (facts.hadSession)
    await transport.terminateSession();
facts.pid = transport.pid;
const began = Date.now();
await client.close();
facts.promptEnd = Date.now() - began < 1500;
facts.errors = errors;
console.log(JSON.stringify(facts));
