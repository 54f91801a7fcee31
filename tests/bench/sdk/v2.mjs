// The official SDK v2: the stateless revision, one McpServer for each request, as createMcpHandler has it.
import { createServer } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import { answer, say, tools } from './shop.mjs'

const prepared = tools.map(tool => ({
    ...tool,
    inputSchema: fromJsonSchema(tool.inputSchema),
    outputSchema: fromJsonSchema(tool.outputSchema)
}))

function make() {
    const server = new McpServer({ name: 'bench', version: '1' })
    for (const { name, ...config } of prepared) server.registerTool(name, config, async () => answer)
    return server
}

const handle = toNodeHandler(createMcpHandler(make))
say(createServer((req, res) => handle(req, res)))
