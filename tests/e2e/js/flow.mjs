// What every official client does here: log in, look around, log out. Prints one JSON object for the test to judge.

export const closing = (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('connection', 'close');
    return fetch(input, { ...init, headers });
};

// `carry`: the client keeps no session, so the handle goes along with every call.
export async function flow(client, carry) {
    const facts = {};
    let session;

    const call = async (name, params = {}) => {
        const args = { params };
        if (carry && session !== undefined)
            args.session = session;
        const result = await client.callTool({ name, arguments: args });
        const data = JSON.parse(result.content[0].text);
        if (result.structuredContent !== undefined && JSON.stringify(data) !== JSON.stringify(result.structuredContent))
            throw new Error(`${name}: text and structuredContent differ`);
        return { isError: result.isError === true, data };
    };

    facts.server = client.getServerVersion();
    facts.instructions = typeof client.getInstructions();
    facts.tools = (await client.listTools()).tools.map(tool => tool.name);
    const login = await call('auth_login');
    session = login.data.session;
    facts.login = login.data.message;
    facts.whoami = (await call('auth_whoami')).data.username;
    facts.views = (await call('scope_list_websites_stores')).data.store_views.map(view => view.code);
    facts.found = (await call('catalog_search_products', { filters: { sku: 'MCP-001' } })).data.items.map(item => item.sku);
    facts.product = (await call('catalog_get_product', { sku: 'MCP-001' })).data.sku;
    facts.prompts = (await client.listPrompts()).prompts.map(prompt => prompt.name);
    facts.prompt = (await client.getPrompt({ name: 'product_not_showing', arguments: { sku: 'MCP-001' } }))
        .messages[0].content.text.includes('"MCP-001"');
    facts.resources = (await client.listResources()).resources.map(resource => resource.uri)
        .filter(uri => !uri.startsWith('magento://plans/'));
    facts.templates = (await client.listResourceTemplates()).resourceTemplates.map(template => template.uriTemplate);
    const uri = carry ? `magento://stores?session=${session}` : 'magento://stores';
    facts.sites = JSON.parse((await client.readResource({ uri })).contents[0].text).websites.map(site => site.code);
    const context = carry ? { context: { arguments: { session } } } : {};
    facts.suggested = (await client.complete({ ref: { type: 'ref/prompt', name: 'product_not_showing' },
        argument: { name: 'store_view', value: 'eu' }, ...context })).completion.values;
    facts.logout = (await call('auth_logout')).data.message;
    const after = await call('auth_whoami');
    facts.after = [after.isError, after.data.error.code];
    try {
        await client.callTool({ name: 'no_such_tool', arguments: {} });
        facts.unknown = 'accepted';
    } catch (error) {
        facts.unknown = error.code;
    }
    return facts;
}
