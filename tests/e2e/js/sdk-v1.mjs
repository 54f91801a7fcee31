// @modelcontextprotocol/sdk 1.x: 2025-11-25, every request on a new connection.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { closing, flow } from './flow.mjs';

const transport = new StreamableHTTPClientTransport(new URL(process.argv[2]), { fetch: closing });
const client = new Client({ name: 'e2e-v1', version: '1' });
const errors = [];
client.onerror = error => errors.push(String(error));
await client.connect(transport);
const facts = await flow(client, false);
facts.protocol = transport.protocolVersion;
facts.ping = await client.ping();
facts.hadSession = typeof transport.sessionId === 'string';
await transport.terminateSession();
await client.close();
facts.errors = errors;
console.log(JSON.stringify(facts));
