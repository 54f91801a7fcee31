// What every official client does here: log in, look around, change something and be asked for it, log out.
// Returns one object of facts.

const UPDATE_DEADLINE_MS = 40000;

// The answers that the user gives, one after the other.
const ANSWERS = [
    { action: 'decline' },
    { action: 'accept', content: { confirm: true, reason: 'seen by the user' } },
];

// The client keeps no session in the modern era, so the handle goes along with every call.
function caller(facade) {
    return async (name, params = {}, options = undefined) => {
        const args = { params };
        if (facade.carries && facade.session !== undefined)
            args.session = facade.session;
        const result = await facade.call({ name, arguments: args }, options);
        const data = JSON.parse(result.content[0].text);
        if (result.structuredContent !== undefined && JSON.stringify(data) !== JSON.stringify(result.structuredContent))
            throw new Error(`${name}: text and structuredContent differ`);
        return { isError: result.isError === true, data };
    };
}

const outcome = ({ isError, data }) => isError ? data.error.code : [data.status, data.success_count];

async function lookAround(facade, call, facts) {
    facts.views = (await call('scope_list_websites_stores')).data.store_views.map(view => view.code);
    facts.found = (await call('catalog_search_products', { filters: { sku: 'MCP-001' } })).data.items.map(item => item.sku);
    facts.product = (await call('catalog_get_product', { sku: 'MCP-001' })).data.sku;
}

async function readResources(facade, facts) {
    const { client } = facade;
    facts.resources = (await client.listResources()).resources.map(resource => resource.uri);
    facts.templates = (await client.listResourceTemplates()).resourceTemplates.map(template => template.uriTemplate);
    const stores = facade.carries ? `magento://stores?session=${facade.session}` : 'magento://stores';
    facts.sites = JSON.parse((await client.readResource({ uri: stores })).contents[0].text).websites.map(site => site.code);
    facts.guide = (await client.readResource({ uri: 'magento://tools/guide' })).contents[0].mimeType;
}

async function getPrompts({ client, carries, session }, facts) {
    facts.prompts = (await client.listPrompts()).prompts.map(prompt => prompt.name);
    const prompt = await client.getPrompt({ name: 'product_not_showing', arguments: { sku: 'MCP-001' } });
    facts.prompt = prompt.messages[0].content.text.includes('"MCP-001"');
    const ref = { type: 'ref/prompt', name: 'product_not_showing' };
    const context = carries ? { context: { arguments: { session } } } : {};
    facts.suggested = (await client.complete({ ref, argument: { name: 'store_view', value: 'eu' }, ...context })).completion.values;
}

// A plan is watched while it is committed; whoever cannot ask its user confirms in the call.
async function change(facade, call, asks, facts) {
    const questions = [], progress = [], updated = new Set();
    if (asks) {
        facade.onQuestion(params => {
            questions.push(params);
            return ANSWERS[questions.length - 1];
        });
    }
    facade.onUpdated(uri => updated.add(uri));

    const params = { match: { sku_list: ['MCP-001', 'MCP-002', 'MCP-003'] }, updates: { name: 'Asked' }, scope: { scope: 'global' } };
    const plan = (await call('catalog_prepare_bulk_update', params)).data;
    const uri = `magento://plans/${plan.plan_id}`;
    const unwatch = await facade.watch(uri);
    const commit = { plan_id: plan.plan_id };
    facts.unconfirmed = outcome(await call('catalog_commit_bulk_update', commit));
    if (!asks)
        Object.assign(commit, ANSWERS[1].content);
    const onprogress = ({ progress: done, total }) => progress.push([done, total]);
    facts.committed = outcome(await call('catalog_commit_bulk_update', commit, { onprogress }));

    for (const end = Date.now() + UPDATE_DEADLINE_MS; !updated.has(uri) && Date.now() < end;)
        await new Promise(resolve => setTimeout(resolve, 10));
    facts.updated = updated.has(uri) && updated.size === 1;
    await unwatch();
    facts.questions = questions.map(question => [question.message.includes('3'), Object.keys(question.requestedSchema.properties)]);
    facts.progress = progress.at(-1) ?? null;
    facts.progressGrows = progress.every(([done], i) => i === 0 || done > progress[i - 1][0]);
    facts.plan = JSON.parse((await facade.client.readResource({ uri })).contents[0].text).plan_id === plan.plan_id;
}

export async function flow(facade, asks) {
    const { client } = facade;
    const facts = {};
    const call = caller(facade);

    facts.server = client.getServerVersion();
    facts.instructions = typeof client.getInstructions();
    facts.tools = (await client.listTools()).tools.map(tool => tool.name);
    const login = await call('auth_login');
    facade.session = login.data.session;
    facts.login = login.data.message;
    facts.whoami = (await call('auth_whoami')).data.username;
    await lookAround(facade, call, facts);
    await readResources(facade, facts);
    await getPrompts(facade, facts);
    await change(facade, call, asks, facts);
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
