// @modelcontextprotocol/sdk 1.x over standard input and output: it starts the server itself, as desktop clients do.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { flow } from './flow.mjs';

const [command, ...args] = process.argv.slice(2);
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: 'ignore' });
const client = new Client({ name: 'e2e-v1', version: '1' });
const errors = [];
client.onerror = error => errors.push(String(error));
await client.connect(transport);
const facts = await flow(client, false);
facts.ping = await client.ping();
facts.pid = transport.pid;
const began = Date.now();
await client.close();
facts.promptEnd = Date.now() - began < 1500;
facts.errors = errors;
console.log(JSON.stringify(facts));
