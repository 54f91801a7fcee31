// The official SDK v1: streamable HTTP with sessions, JSON answers; one McpServer for each session, with its tools and their
// schemas written in zod, as its examples do. With "shared" as second word all sessions have the same schemas.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'
import { answer, say, tools } from './shop.mjs'

const sessions = new Map()

function textOf({ minLength, maxLength, pattern }) {
    let made = z.string()
    if (minLength !== undefined) made = made.min(minLength)
    if (maxLength !== undefined) made = made.max(maxLength)
    return pattern === undefined ? made : made.regex(new RegExp(pattern))
}

function numberOf({ type, minimum, maximum }) {
    let made = type === 'integer' ? z.number().int() : z.number()
    if (minimum !== undefined) made = made.min(minimum)
    return maximum === undefined ? made : made.max(maximum)
}

const makers = {
    string: schema => (schema.enum ? z.enum(schema.enum) : textOf(schema)),
    integer: numberOf,
    number: numberOf,
    boolean: () => z.boolean(),
    array: ({ items }) => z.array(items ? inZod(items) : z.any()),
    object: schema => (schema.properties ? z.looseObject(shapeOf(schema)) : z.record(z.string(), z.any()))
}

// What somebody would write for this JSON schema; choices beside the members are left out.
function inZod(schema) {
    const made = typeof schema.type === 'string' ? makers[schema.type](schema) : z.any()
    return schema.description ? made.describe(schema.description) : made
}

function shapeOf({ properties, required = [] }) {
    return Object.fromEntries(Object.entries(properties ?? {}).map(
        ([name, schema]) => [name, required.includes(name) ? inZod(schema) : inZod(schema).optional()]))
}

function offered() {
    return tools.map(({ name, inputSchema, outputSchema, ...config }) =>
        [name, { ...config, inputSchema: shapeOf(inputSchema), outputSchema: shapeOf(outputSchema) }])
}

const shared = process.argv[3] === 'shared' ? offered() : undefined

function open() {
    const server = new McpServer({ name: 'bench', version: '1' })
    for (const [name, config] of shared ?? offered()) server.registerTool(name, config, async () => answer)
    const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        enableJsonResponse: true,
        onsessioninitialized: id => sessions.set(id, transport)
    })
    server.connect(transport)
    return transport
}

say(createServer((req, res) => {
    const transport = sessions.get(req.headers['mcp-session-id']) ?? open()
    transport.handleRequest(req, res)
}))
