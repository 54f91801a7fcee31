// What both servers offer: the tools of the server that is measured, with answers of the same size.
import { readFileSync } from 'node:fs'

const offer = JSON.parse(readFileSync(process.argv[2], 'utf8'))

/** {name, title, description, inputSchema, outputSchema, annotations} of each tool, as tools/list shows them. */
export const tools = offer.tools

/** The result of a tool: that of auth_whoami, as it was recorded. */
export const answer = {
    content: [{ type: 'text', text: JSON.stringify(offer.whoami) }],
    structuredContent: offer.whoami
}

export function say(server) {
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))
}
