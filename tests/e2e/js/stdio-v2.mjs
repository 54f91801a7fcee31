// @modelcontextprotocol/client 2.x over standard input and output; mode: auto, legacy, or a revision to insist on.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { flow } from './flow.mjs';

const [mode, command, ...args] = process.argv.slice(2);
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: 'ignore' });
const client = new Client({ name: 'e2e-v2', version: '1' }, {
    versionNegotiation: { mode: mode === 'auto' || mode === 'legacy' ? mode : { pin: mode } },
});
const errors = [];
client.onerror = error => errors.push(String(error));
await client.connect(transport);
const facts = await flow(client, client.getProtocolEra() === 'modern');
facts.era = client.getProtocolEra();
facts.protocol = client.getNegotiatedProtocolVersion();
await client.close();
facts.errors = errors;
console.log(JSON.stringify(facts));
