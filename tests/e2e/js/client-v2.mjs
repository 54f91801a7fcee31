// @modelcontextprotocol/client 2.x; mode: auto, legacy, or a revision to insist on.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { closing, flow } from './flow.mjs';

const [url, mode] = process.argv.slice(2);
const transport = new StreamableHTTPClientTransport(new URL(url), { fetch: closing });
const client = new Client({ name: 'e2e-v2', version: '1' }, {
    versionNegotiation: { mode: mode === 'auto' || mode === 'legacy' ? mode : { pin: mode } },
});
const errors = [];
client.onerror = error => errors.push(String(error));
await client.connect(transport);
const modern = client.getProtocolEra() === 'modern';
const facts = await flow(client, modern);
facts.era = client.getProtocolEra();
facts.protocol = client.getNegotiatedProtocolVersion();
facts.hadSession = typeof transport.sessionId === 'string';
if (facts.hadSession)
    await transport.terminateSession();
await client.close();
facts.errors = errors;
console.log(JSON.stringify(facts));
