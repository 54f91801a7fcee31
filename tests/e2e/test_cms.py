"""The eight CMS tools: pages and blocks, searched, read, planned and changed."""

import json
import urllib.parse

import pytest

from backoffice import Backoffice
from harness.places import LIMITED_OAUTH, READER_OAUTH
from harness.schema import MODERN

SESSION_KEY = "io.github.magento-mcp/session"
GLOBAL = {"scope": "global"}
DE = {"store_view_code": "de"}
OK = {"confirm": True, "reason": "test"}

# What the two kinds of tools call things.
PAGES = {"noun": "page", "path": "cmsPage", "id": "page_id", "ids": "page_ids"}
BLOCKS = {"noun": "block", "path": "cmsBlock", "id": "block_id", "ids": "block_ids"}
KINDS = [pytest.param(PAGES, id="pages"), pytest.param(BLOCKS, id="blocks")]


@pytest.fixture
def office(shop):
    return Backoffice(shop)


def tool(kind, verb):
    return {"search": f"cms_search_{kind['noun']}s", "get": f"cms_get_{kind['noun']}",
            "prepare": f"cms_prepare_bulk_update_{kind['noun']}s", "commit": f"cms_commit_bulk_update_{kind['noun']}s"}[verb]


def add(office, kind, identifier, view="all", **more):
    return (office.add_page if kind is PAGES else office.add_block)(identifier, view, **more)


def read(office, kind, id):
    return (office.page if kind is PAGES else office.block)(id)


def prepare(client, kind, match, updates, scope=GLOBAL, **more):
    return client.ok(tool(kind, "prepare"), {"match": match, "updates": updates, "scope": scope, **more})


def commit(client, kind, plan, **more):
    return client.ok(tool(kind, "commit"), {"plan_id": plan["plan_id"], **OK, **more})


def writes(shop, kind):
    return shop.control("GET", "writes").get(kind["noun"] + "s", {})


def put_paths(shop):
    return [entry["path"] for entry in shop.requests() if entry["method"] == "PUT"]


# ---- search ----


@pytest.mark.parametrize("kind", KINDS)
def test_search(client, office, shop, kind):
    first = add(office, kind, "spring-sale", title="Spring")
    second = add(office, kind, "other", title="The spring collection", active=False)
    add(office, kind, "third")
    found = client.ok(tool(kind, "search"), {"query": "SPRING"})
    assert [(item["id"], item["identifier"], item["active"]) for item in found["items"]] == [
        (first, "spring-sale", True), (second, "other", False)]
    assert (found["total_count"], found["has_more"]) == (2, False)
    assert found["search_criteria"] == {"page_size": 20, "current_page": 1}
    assert "content" not in found["items"][0]
    assert [item["id"] for item in client.ok(tool(kind, "search"), {"query": "spring", "is_active": False})["items"]] == [second]
    assert [item["id"] for item in client.ok(tool(kind, "search"), {"query": "spring", "is_active": True})["items"]] == [first]
    assert client.ok(tool(kind, "search"), {"query": "spring", "include_content": True, "page_size": 1})["has_more"] is True
    asked = [urllib.parse.unquote(entry["path"]) for entry in shop.requests(f"{kind['path']}/search")]
    assert asked and all(path.startswith("/rest/all/V1/") for path in asked)
    assert not any("[field]=active&" in path or "[field]=id&" in path for path in asked)


@pytest.mark.parametrize("kind", KINDS)
def test_search_takes_wildcards_literally(client, office, kind):
    wanted = add(office, kind, "a-1", title="100% cotton_x")
    add(office, kind, "a-2", title="100 cottonyx")
    for query in ("100%", "cotton_x", "100% cotton_x"):
        assert [item["id"] for item in client.ok(tool(kind, "search"), {"query": query})["items"]] == [wanted], query


@pytest.mark.parametrize("kind", KINDS)
def test_search_by_view(client, office, kind):
    """Rows of the view and of all views, each once, in our own pages; another view's are not there."""
    ids = [add(office, kind, f"x-{n}", view) for n, view in enumerate(["de", "all", "default", "de", "all"])]
    wanted = [ids[0], ids[1], ids[3], ids[4]]
    found = client.ok(tool(kind, "search"), {"query": "x-", "scope": DE})
    assert [item["id"] for item in found["items"]] == wanted and found["total_count"] == 4
    page = client.ok(tool(kind, "search"), {"query": "x-", "scope": DE, "page_size": 3, "current_page": 2})
    assert [item["id"] for item in page["items"]] == wanted[3:] and page["has_more"] is False
    assert client.ok(tool(kind, "search"), {"query": "x-", "scope": DE, "page_size": 3, "current_page": 3})["items"] == []
    assert client.ok(tool(kind, "search"), {"query": "x-", "scope": GLOBAL})["total_count"] == 5
    client.ok("scope_set_default", {"store_view_code": "de"})
    assert client.ok(tool(kind, "search"), {"query": "x-"})["total_count"] == 4
    assert client.ok(tool(kind, "search"), {"query": "x-", "scope": GLOBAL})["total_count"] == 5


def test_search_many(client, office, shop):
    """More than a page of Magento's, also where the administrator allows small ones only."""
    ids = [office.add_block(f"many-{n:03}", "de" if n % 2 else "all") for n in range(130)]
    found = client.ok("cms_search_blocks", {"query": "many-", "scope": DE, "page_size": 200})
    assert [item["id"] for item in found["items"]] == ids
    shop.settings(max_page_size=30)
    found = client.ok("cms_search_blocks", {"query": "many-", "scope": DE, "page_size": 100, "current_page": 2})
    assert [item["id"] for item in found["items"]] == ids[100:]
    shop.settings(max_page_size=0)


@pytest.mark.parametrize("tool_name,params,path", [
    ("cms_search_pages", {"query": ""}, "params.query"),
    ("cms_search_pages", {"page_size": 201}, "params.page_size"),
    ("cms_search_pages", {"is_active": 1}, "params.is_active"),
    ("cms_search_blocks", {"scope": {"store_view_code": "nope"}}, "params.scope.store_view_code"),
    ("cms_get_page", {}, "params.page_id"),
    ("cms_get_page", {"page_id": "home"}, "params.page_id"),
    ("cms_get_block", {"block_id": "opening-hours"}, "params.block_id"),
    ("cms_get_block", {"page_id": 1}, "params.page_id"),
])
def test_parameters_are_checked(client, tool_name, params, path):
    details = client.refused(tool_name, "VALIDATION_ERROR", params).details
    assert path in [entry["path"] for entry in details], details


# ---- get ----


@pytest.mark.parametrize("form", ["wrapped", "flat"])
def test_get(server, office, form, era):
    id = office.add_page("only-de", "de", content="<p>x</p>\r\n")
    client = era(server, form=form)
    client.login()
    page = client.ok("cms_get_page", {"page_id": id})
    assert (page["identifier"], page["content"], page["store_ids"]) == ("only-de", "<p>x</p>\n", [2])
    assert client.ok("cms_get_page", {"page_id": 2})["store_ids"] == [0]
    block = client.ok("cms_get_block", {"block_id": office.add_block("b", "all")})
    assert (block["identifier"], block["store_ids"]) == ("b", [0])


@pytest.mark.parametrize("kind", KINDS)
def test_get_nothing(client, kind):
    refused = client.refused(tool(kind, "get"), "NOT_FOUND", {kind["id"]: 9999})
    assert refused.message == f"There is no CMS {kind['noun']} with {kind['id']} 9999. Try {tool(kind, 'search')}."


# ---- prepare ----


@pytest.mark.parametrize("kind", KINDS)
def test_prepare_changes_nothing(client, office, shop, kind):
    id = add(office, kind, "p-1", title="Old", content="<p>old</p>")
    before, count = read(office, kind, id), shop.control("GET", "writes")["total"]
    plan = prepare(client, kind, {kind["ids"]: [id]}, {"title": "New", "is_active": False})
    assert (plan["affected_count"], plan["write_count"], plan["unchanged_count"]) == (1, 1, 0)
    assert plan["commit_tool"] == tool(kind, "commit") and tool(kind, "commit") in plan["message"]
    (diff,) = plan["sample_diffs"]
    assert diff == {kind["id"]: id, "identifier": "p-1", "title": "Old", "scope": "all",
                    "changes": {"title": {"from": "Old", "to": "New"}, "is_active": {"from": True, "to": False}}}
    assert plan["effective_scopes"] == [{"scope": "all", "fields": ["title", "is_active"], "store_views": []}]
    assert read(office, kind, id) == before and shop.control("GET", "writes")["total"] == count


def test_prepare_nothing_to_do(client, office):
    id = office.add_page("p", meta_title="m")
    plan = prepare(client, PAGES, {"page_ids": [id, id]}, {"title": "p", "meta_title": "m", "meta_keywords": None, "is_active": True})
    assert (plan["affected_count"], plan["unchanged_count"]) == (0, 1)
    assert "plan_id" not in plan and plan["sample_diffs"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_prepare_identifier(client, office, kind):
    """Exact unless it holds a %: `home` is not `home-old`; _ is no wildcard."""
    ids = {name: add(office, kind, name) for name in ("zz", "zz-old", "zz-x1", "zz_x1")}

    def matched(pattern, **more):
        plan = prepare(client, kind, {"identifier": pattern, **more}, {"title": "T"}, sample_size=50)
        return {diff[kind["id"]] for diff in plan["sample_diffs"]}

    assert matched("zz") == {ids["zz"]}
    assert matched("zz%") == set(ids.values())
    assert matched("zz_%") == {ids["zz_x1"]}
    assert matched("zz%", **{kind["ids"]: [ids["zz"], ids["zz-old"], 1]}) == {ids["zz"], ids["zz-old"]}
    refused = client.refused(tool(kind, "prepare"), "VALIDATION_ERROR",
                             {"match": {"identifier": "nothing"}, "updates": {"title": "T"}, "scope": GLOBAL})
    assert refused.message == f"The match selects no {kind['noun']}."


@pytest.mark.parametrize("kind", KINDS)
def test_prepare_missing_ids(client, office, kind):
    id = add(office, kind, "there")
    plan = prepare(client, kind, {kind["ids"]: [9998, id, 9999]}, {"title": "T"})
    assert plan["not_found_ids"] == [9998, 9999] and plan["affected_count"] == 1
    assert any("not_found_ids" in warning for warning in plan["warnings"])
    client.refused(tool(kind, "prepare"), "NOT_FOUND", {"match": {kind["ids"]: [9999]}, "updates": {"title": "T"}, "scope": GLOBAL})


@pytest.mark.parametrize("kind", KINDS)
def test_prepare_scope_chooses_rows(client, office, kind):
    ids = [add(office, kind, f"s-{view}", view) for view in ("de", "all", "default", "eu_en")]
    plan = prepare(client, kind, {"identifier": "s-%"}, {"content": "new"}, scope=DE)
    assert [diff[kind["id"]] for diff in plan["sample_diffs"]] == ids[:2]
    assert [row[kind["id"]] for row in plan["skipped"]] == ids[2:] and plan["skipped_count"] == 2
    assert [warning for warning in plan["warnings"] if "all store views" in warning and "s-all" in warning]
    assert plan["effective_scopes"] == [{"scope": "all", "fields": ["content"], "store_views": []}]
    narrow = prepare(client, kind, {"identifier": "s-d%"}, {"content": "new"}, scope={"website_code": "base"})
    assert narrow["effective_scopes"] == [{"scope": "all", "fields": ["content"], "store_views": ["default", "de"]}]
    assert narrow["warnings"] == []
    assert prepare(client, kind, {"identifier": "s-%"}, {"content": "new"})["affected_count"] == 4


def test_prepare_needs_a_scope(client):
    params = {"match": {"page_ids": [1]}, "updates": {"title": "T"}}
    refused = client.refused("cms_prepare_bulk_update_pages", "VALIDATION_ERROR", params)
    assert refused.message.startswith("Say where to write: scope {\"scope\":\"global\"}")
    client.ok("scope_set_default", {"store_view_code": "de"})
    assert client.ok("cms_prepare_bulk_update_pages", params)["affected_count"] == 1


def test_prepare_long_content(client, office):
    old = "x" * 2000
    id = office.add_page("long", content=old)
    plan = prepare(client, PAGES, {"page_ids": [id]}, {"content": "x" * 1000 + "NEW" + "x" * 900})
    change = plan["sample_diffs"][0]["changes"]["content"]
    assert (change["from_length"], change["to_length"]) == (2000, 1903)
    assert "NEW" in change["to"] and len(change["to"]) == 306 and len(change["from"]) == 306


def test_prepare_warnings(client, office, shop):
    ids = [office.add_page(f"w-{n}") for n in range(2)]

    def warnings(match, updates):
        return prepare(client, PAGES, match, updates)["warnings"]

    for content, word in (("<script>x</script>", "<script>"), ("{{widget}}", "{{ }}"), ("<a onclick='x'>", "event handler")):
        said = warnings({"page_ids": ids}, {"content": content})
        assert len(said) == 1 and word in said[0], said
    assert warnings({"page_ids": ids}, {"title": "Same"}) == ["The same title for 2 pages."]
    assert not shop.requests("/graphql")
    assert warnings({"page_ids": ids}, {"is_active": False}) == []
    assert len(shop.requests("/graphql")) == 3, "each view is asked for its home page"
    said = warnings({"identifier": "no-route"}, {"is_active": False})
    assert len(said) == 1 and "no-route" in said[0]
    assert "home page" in warnings({"identifier": "home"}, {"is_active": False})[0]


@pytest.mark.parametrize("kind,match,updates,path", [
    (PAGES, {}, {"title": "T"}, "params.match"),
    (PAGES, {"page_ids": []}, {"title": "T"}, "params.match.page_ids"),
    (PAGES, {"page_ids": [0]}, {"title": "T"}, "params.match.page_ids[0]"),
    (PAGES, {"block_ids": [1]}, {"title": "T"}, "params.match.block_ids"),
    (PAGES, {"page_ids": [1]}, {}, "params.updates"),
    (PAGES, {"page_ids": [1]}, {"title": ""}, "params.updates.title"),
    (PAGES, {"page_ids": [1]}, {"title": " \t"}, "params.updates.title"),
    (PAGES, {"page_ids": [1]}, {"title": None}, "params.updates.title"),
    (PAGES, {"page_ids": [1]}, {"is_active": "yes"}, "params.updates.is_active"),
    (PAGES, {"page_ids": [1]}, {"identifier": "x"}, "params.updates.identifier"),
    (BLOCKS, {"block_ids": [1]}, {"meta_title": "x"}, "params.updates.meta_title"),
    (BLOCKS, {"block_ids": [1]}, {"title": ""}, "params.updates.title"),
])
def test_prepare_parameters(client, kind, match, updates, path):
    refused = client.refused(tool(kind, "prepare"), "VALIDATION_ERROR", {"match": match, "updates": updates, "scope": GLOBAL})
    assert path in [entry["path"] for entry in refused.details], refused


def test_guardrails(start, shop, era):
    server = start({"guardrails": {"max_skus_per_bulk": 2, "cms_page_update_fields": "title, content"}})
    office, client = Backoffice(shop), era(server)
    client.login()
    for n in range(3):
        office.add_page(f"g-{n}")
    asked = len(shop.requests())
    params = {"updates": {"title": "T"}, "scope": GLOBAL}
    refused = client.refused("cms_prepare_bulk_update_pages", "BULK_CAP_EXCEEDED", {**params, "match": {"page_ids": [1, 2, 3]}})
    assert refused.details == {"count": 3, "cap": 2, "setting": "guardrails.max_skus_per_bulk"}
    refused = client.refused("cms_prepare_bulk_update_pages", "VALIDATION_ERROR",
                             {**params, "match": {"page_ids": [1]}, "updates": {"is_active": True, "title": "T"}})
    assert refused.details[0]["path"] == "params.updates.is_active" and refused.details[0]["allowed"] == ["title", "content"]
    assert len(shop.requests()) == asked, "refused without asking the shop"
    client.refused("cms_prepare_bulk_update_pages", "BULK_CAP_EXCEEDED", {**params, "match": {"identifier": "g-%"}})


# ---- commit ----


@pytest.mark.parametrize("kind", KINDS)
def test_commit(client, office, shop, kind):
    """One PUT per row to /rest/all, with one key, id, identifier, title and active in it, whatever changes."""
    ids = [add(office, kind, "c-1", title="Old", content="<p>old</p>"), add(office, kind, "c-2", "de", active=False)]
    plan = prepare(client, kind, {kind["ids"]: ids}, {"content": "<p>new</p>"})
    done = commit(client, kind, plan)
    assert (done["status"], done["success_count"], done["error_count"], done["replayed"]) == ("completed", 2, 0, False)
    for id, identifier, title, active in ((ids[0], "c-1", "Old", True), (ids[1], "c-2", "c-2", False)):
        row = read(office, kind, id)
        assert (row["identifier"], row["title"], row["content"], row["active"]) == (identifier, title, "<p>new</p>", active)
        body = writes(shop, kind)[str(id)]["body"]
        assert body == {kind["noun"]: {"id": id, "identifier": identifier, "title": title, "active": active, "content": "<p>new</p>"}}
    assert sorted(put_paths(shop)) == sorted(f"/rest/all/V1/{kind['path']}/{id}" for id in ids)
    assert client.ok(tool(kind, "get"), {kind["id"]: ids[1]})["store_ids"] == [2]


def test_identifiers_survive_every_update(client, office, shop):
    """Each field by itself: Magento would make a new URL of the title."""
    id = office.add_page("my-page", title="My title", content="c")
    updates = {"title": "Another", "content": "new", "content_heading": "h", "meta_title": "m", "meta_description": "d",
               "meta_keywords": "k", "is_active": False}
    for name, value in updates.items():
        assert commit(client, PAGES, prepare(client, PAGES, {"page_ids": [id]}, {name: value}))["status"] == "completed"
        page = office.page(id)
        assert page["identifier"] == "my-page" and page["active" if name == "is_active" else name] == value
    for name in ("content_heading", "meta_title", "meta_description", "meta_keywords"):
        assert commit(client, PAGES, prepare(client, PAGES, {"page_ids": [id]}, {name: None}))["status"] == "completed"
        assert not office.page(id).get(name)
    assert office.page(id)["identifier"] == "my-page" and office.page(id)["active"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_commit_meets_other_peoples_changes(client, office, kind):
    changed, same, gone, moved = [add(office, kind, f"d-{n}", content="old") for n in range(4)]
    plan = prepare(client, kind, {kind["ids"]: [changed, same, gone, moved]}, {"content": "new"})
    wrapper, path = kind["noun"], kind["path"]
    office.ask("PUT", f"/rest/all/V1/{path}/{changed}", {wrapper: {"id": changed, "identifier": "d-0", "content": "theirs"}})
    office.ask("PUT", f"/rest/all/V1/{path}/{same}", {wrapper: {"id": same, "identifier": "d-1", "content": "new"}})
    office.ask("DELETE", f"/rest/all/V1/{path}/{gone}")
    office.ask("PUT", f"/rest/all/V1/{path}/{moved}", {wrapper: {"id": moved, "identifier": "d-moved", "title": "Moved"}})
    done = commit(client, kind, plan)
    assert done["status"] == "completed_with_errors"
    assert (done["success_count"], done["unchanged_count"], done["conflict_count"], done["error_count"]) == (2, 1, 1, 1)
    (conflict,), (error,) = done["conflicts"], done["errors"]
    assert conflict[kind["id"]] == changed
    assert conflict["changes"] == {"content": {"planned_from": "old", "found": "theirs", "to": "new"}}
    assert (error[kind["id"]], error["code"]) == (gone, "NOT_FOUND")
    assert read(office, kind, changed)["content"] == "theirs"
    row = read(office, kind, moved)
    assert (row["identifier"], row["title"], row["content"]) == ("d-moved", "Moved", "new")


def test_commit_by_force(client, office):
    id = office.add_page("f", content="old")
    plan = prepare(client, PAGES, {"page_ids": [id]}, {"content": "new"})
    office.ask("PUT", f"/rest/all/V1/cmsPage/{id}", {"page": {"id": id, "identifier": "f", "content": "theirs"}})
    assert commit(client, PAGES, plan, force=True)["success_count"] == 1
    assert office.page(id)["content"] == "new"


def test_conflicts_show_long_contents_in_part(client, office):
    id = office.add_page("l", content="old" * 1000)
    plan = prepare(client, PAGES, {"page_ids": [id]}, {"content": "new"})
    office.ask("PUT", f"/rest/all/V1/cmsPage/{id}", {"page": {"id": id, "identifier": "l", "content": "theirs" * 1000}})
    change = commit(client, PAGES, plan)["conflicts"][0]["changes"]["content"]
    assert len(change["planned_from"]) == len(change["found"]) == 303 and change["to"] == "new"


def test_commit_confirmation(client, office):
    id = office.add_page("k")
    plan = prepare(client, PAGES, {"page_ids": [id]}, {"title": "New"})
    for params in ({}, {"confirm": True}, {"confirm": False, "reason": "x"}, {"confirm": True, "reason": "  "}):
        refused = client.refused("cms_commit_bulk_update_pages", "CONFIRMATION_REQUIRED", {"plan_id": plan["plan_id"], **params})
        assert refused.details["action"] == "cms.commit_bulk_update_pages"
    assert office.page(id)["title"] == "k"
    assert commit(client, PAGES, plan)["status"] == "completed"


def test_commit_once(client, office, shop, key):
    id = office.add_page("once")
    plan = prepare(client, PAGES, {"page_ids": [id]}, {"title": "New"})
    first = commit(client, PAGES, plan, idempotency_key=key("key-1"))
    again = commit(client, PAGES, plan, idempotency_key=key("key-1"))
    assert again == {**first, "replayed": True}
    other = prepare(client, PAGES, {"page_ids": [id]}, {"title": "Newer"})
    refused = {"plan_id": other["plan_id"], **OK, "idempotency_key": key("key-1")}
    client.refused("cms_commit_bulk_update_pages", "IDEMPOTENCY_CONFLICT", refused)
    client.refused("cms_commit_bulk_update_pages", "PLAN_NOT_FOUND", {"plan_id": plan["plan_id"], **OK})
    assert writes(shop, PAGES)[str(id)]["count"] == 2  # made, and changed once


def test_commit_takes_its_own_plans_only(client, office):
    id = office.add_page("own")
    plan = prepare(client, PAGES, {"page_ids": [id]}, {"title": "New"})
    client.refused("cms_commit_bulk_update_blocks", "PLAN_NOT_FOUND", {"plan_id": plan["plan_id"], **OK})
    client.refused("cms_commit_bulk_update_pages", "PLAN_NOT_FOUND", {"plan_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, **OK})
    assert office.page(id)["title"] == "own"


def test_one_refused_row_does_not_stop_the_others(client, office, shop):
    ids = [office.add_block(f"r-{n}") for n in range(3)]
    plan = prepare(client, BLOCKS, {"block_ids": ids}, {"title": "New"})
    shop.fault("status", f"/rest/all/V1/cmsBlock/{ids[1]}", method="PUT", status=400)
    done = commit(client, BLOCKS, plan)
    assert (done["success_count"], done["error_count"]) == (2, 1)
    assert done["errors"][0]["block_id"] == ids[1] and done["errors"][0]["code"] == "MAGENTO_API_ERROR"
    assert [office.block(id)["title"] for id in ids] == ["New", "r-1", "New"]


def test_many_pages(client, office, shop):
    """250 rows, one changed meanwhile: one conflict, the others written, each once."""
    ids = [office.add_block(f"many-{n:03}", content="old") for n in range(250)]
    plan = prepare(client, BLOCKS, {"identifier": "many-%"}, {"content": "new"})
    assert plan["affected_count"] == 250 and len(plan["sample_diffs"]) == 5
    office.ask("PUT", f"/rest/all/V1/cmsBlock/{ids[100]}", {"block": {"content": "theirs"}})
    done = commit(client, BLOCKS, plan)
    assert (done["success_count"], done["conflict_count"], done["pending_count"]) == (249, 1, 0)
    assert {entry["count"] for entry in writes(shop, BLOCKS).values()} == {2}


@pytest.mark.parametrize("kind", KINDS)
def test_large_contents(client, office, shop, kind):
    """Twenty contents of 300 kB are more than one answer may be long: they are read in halves, and none is lost."""
    old = [f"<p>{n}</p>" + "\u00e9 &amp; <b>x</b>\n" * 17000 for n in range(20)]
    ids = [add(office, kind, f"big-{n:02}", content=text) for n, text in enumerate(old)]
    assert len(old[0].encode()) > 300000
    new = "<h1>Large \u2713</h1>" + "y" * 300000
    plan = prepare(client, kind, {"identifier": "big-%"}, {"content": new})
    assert (plan["affected_count"], plan["unchanged_count"]) == (20, 0)
    change = plan["sample_diffs"][0]["changes"]["content"]
    assert (change["from_length"], change["to_length"]) == (len(old[0]), len(new))
    assert [read(office, kind, id)["content"] for id in ids] == old
    uri, shown = f"magento://plans/{plan['plan_id']}", 0
    while uri:
        more = {"_meta": client.meta(**{SESSION_KEY: client.session})} if client.protocol == MODERN else {}
        (content,) = client.rpc("resources/read", {"uri": uri, **more})["contents"]
        page = json.loads(content["text"])
        shown, uri = shown + len(page["items"]), page.get("next")
    assert shown == 20
    theirs = old[7] + "theirs"
    office.ask("PUT", f"/rest/all/V1/{kind['path']}/{ids[7]}",
               {kind["noun"]: {"id": ids[7], "identifier": "big-07", "content": theirs}})
    done = commit(client, kind, plan)
    assert (done["status"], done["success_count"], done["conflict_count"]) == ("completed_with_errors", 19, 1)
    (conflict,) = done["conflicts"]
    assert conflict[kind["id"]] == ids[7] and len(json.dumps(conflict)) < 5000
    assert [read(office, kind, id)["content"] for id in ids] == [theirs if n == 7 else new for n in range(20)]
    assert len(put_paths(shop)) == 20  # one of them theirs
    found = client.ok(tool(kind, "search"), {"query": "big-", "page_size": 20})
    assert found["total_count"] == 20 and "content" not in found["items"][0]


def test_one_content_that_is_too_large(start, office, shop, era):
    """What cannot be read even by itself is refused with the setting that would let it in."""
    client = era(start({"magento": {"max_reply_bytes": "64K"}}))
    client.login()
    ids = [office.add_page("small", content="x" * 1000), office.add_page("huge", content="x" * 100000)]
    params = {"match": {"page_ids": ids}, "updates": {"content": "new"}, "scope": GLOBAL}
    refused = client.refused("cms_prepare_bulk_update_pages", "MAGENTO_API_ERROR", params)
    assert "magento.max_reply_bytes" in refused.message
    assert prepare(client, PAGES, {"page_ids": ids}, {"title": "T"})["affected_count"] == 2  # contents are not read
    assert prepare(client, PAGES, {"page_ids": ids[:1]}, {"content": "new"})["affected_count"] == 1


def test_limited_role(server, shop, era):
    """A role without CMS rights is told which one it lacks."""
    client = era(server)
    client.login(base_url=shop.url, **LIMITED_OAUTH)
    assert "Magento_Cms::page" in client.refused("cms_search_pages", "FORBIDDEN").message
    assert "Magento_Cms::block" in client.refused("cms_get_block", "FORBIDDEN", {"block_id": 1}).message
    params = {"match": {"page_ids": [1]}, "updates": {"title": "T"}, "scope": GLOBAL}
    client.refused("cms_prepare_bulk_update_pages", "FORBIDDEN", params)


@pytest.mark.parametrize("mode,more", [("html", {"status": 400}), ("html", {"status": 503}), ("text500", {}), ("garbage", {})])
def test_broken_shop_gives_clean_messages(start, shop, mode, more, era):
    client = era(start(workers=1))
    client.login()
    shop.fault(mode, "/rest/all/V1/cmsPage", **more)
    client.refused("cms_get_page", "MAGENTO_API_ERROR", {"page_id": 1})


def test_role_that_may_only_read(server, shop, office, era):
    """Planning works; each row of the commit tells the permission that is missing."""
    client = era(server)
    client.login(base_url=shop.url, **READER_OAUTH)
    id = office.add_page("read-only")
    done = commit(client, PAGES, prepare(client, PAGES, {"page_ids": [id]}, {"title": "New"}))
    assert (done["status"], done["error_count"]) == ("completed_with_errors", 1)
    assert done["errors"][0]["code"] == "FORBIDDEN" and "Magento_Cms::save" in done["errors"][0]["error"]
    assert office.page(id)["title"] == "read-only"
