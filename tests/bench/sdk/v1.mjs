// The official SDK v1: streamable HTTP with sessions, JSON answers, one McpServer for each session, as its examples do.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { fromJSONSchema } from 'zod'
import { answer, say, tools } from './shop.mjs'

const sessions = new Map()

// It takes objects only: a choice beside the members ("these, or else an error") is left out of what is announced.
function asObject({ anyOf, oneOf, allOf, ...schema }) {
    return fromJSONSchema(schema)
}

const prepared = tools.map(tool => ({
    ...tool,
    inputSchema: asObject(tool.inputSchema),
    outputSchema: asObject(tool.outputSchema)
}))

function open() {
    const server = new McpServer({ name: 'bench', version: '1' })
    for (const { name, ...config } of prepared) server.registerTool(name, config, async () => answer)
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
