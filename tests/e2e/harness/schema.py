"""Messages against the JSON schema of the protocol revision that they are an answer in."""

import functools
import json

import jsonschema

from .places import DATA

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
LEGACY = REVISIONS[:3]
MODERN = REVISIONS[3]

RESULTS = {
    "initialize": "InitializeResult",
    "ping": "EmptyResult",
    "tools/list": "ListToolsResult",
    "tools/call": "CallToolResult",
    "server/discover": "DiscoverResult",
    "subscriptions/listen": "SubscriptionsListenResult",
    "prompts/list": "ListPromptsResult",
    "prompts/get": "GetPromptResult",
    "resources/list": "ListResourcesResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/read": "ReadResourceResult",
    "resources/subscribe": "EmptyResult",
    "resources/unsubscribe": "EmptyResult",
    "completion/complete": "CompleteResult",
    "logging/setLevel": "EmptyResult",
}


NOTIFICATIONS = {
    "notifications/cancelled": "CancelledNotification",
    "notifications/progress": "ProgressNotification",
    "notifications/message": "LoggingMessageNotification",
    "notifications/tools/list_changed": "ToolListChangedNotification",
    "notifications/prompts/list_changed": "PromptListChangedNotification",
    "notifications/resources/list_changed": "ResourceListChangedNotification",
    "notifications/resources/updated": "ResourceUpdatedNotification",
    "notifications/subscriptions/acknowledged": "SubscriptionsAcknowledgedNotification",
    "notifications/elicitation/complete": "ElicitationCompleteNotification",
}

REQUESTS = {
    "ping": "PingRequest",
    "elicitation/create": "ElicitRequest",
    "sampling/createMessage": "CreateMessageRequest",
    "roots/list": "ListRootsRequest",
}


@functools.lru_cache(maxsize=None)
def _document(revision):
    return json.loads((DATA / "mcp" / f"schema-{revision}.json").read_text())


@functools.lru_cache(maxsize=None)
def _validator(revision, name):
    document = _document(revision)
    key = "$defs" if "$defs" in document else "definitions"
    assert name in document[key], f"{revision} has no type {name}"
    kind = jsonschema.Draft202012Validator if key == "$defs" else jsonschema.Draft7Validator
    return kind({"$schema": document["$schema"], "$ref": f"#/{key}/{name}", key: document[key]})


def check_type(revision, name, value):
    error = jsonschema.exceptions.best_match(_validator(revision, name).iter_errors(value))
    assert error is None, f"no {name} of {revision}: {error.message} at {list(error.absolute_path)}: {value}"


def check_error(revision, message):
    """An error answer. Schemas before 2025-11-25 know no error without id; JSON-RPC does (R-024)."""
    if revision in ("2025-03-26", "2025-06-18"):
        check_type(revision, "JSONRPCError", {"id": 0, **message})
    else:
        check_type(revision, "JSONRPCErrorResponse", message)
    code = message["error"]["code"]
    assert "id" not in message or message["id"] is not None
    # nothing in the reserved ranges that the specification does not define.
    assert code in (-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022, -32002, 403, 429), message
    assert revision != MODERN or code != -32002, message
    assert revision == MODERN or code not in (-32020, -32021), message


def check_answer(revision, method, message):
    """A whole answer to a request: its envelope, and its result by the method."""
    assert message["jsonrpc"] == "2.0"
    if "error" in message:
        check_error(revision, message)
        return
    envelope = "JSONRPCResultResponse" if revision >= "2025-11-25" else "JSONRPCResponse"
    check_type(revision, envelope, message)
    if revision == MODERN and message["result"].get("resultType") == "input_required":
        assert method in ("tools/call", "prompts/get", "resources/read"), message
        check_type(revision, "InputRequiredResult", message["result"])
    else:
        check_type(revision, RESULTS[method], message["result"])
    if revision == MODERN:
        assert message["result"]["resultType"] in ("complete", "input_required")
        info = message["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]
        check_type(revision, "Implementation", info)


def check_word(revision, message):
    """A notification or a request of the server's."""
    assert message["jsonrpc"] == "2.0" and not {"result", "error"} & set(message), message
    method = message["method"]
    if "id" not in message:
        check_type(revision, NOTIFICATIONS[method], message)
        return
    assert revision != MODERN, f"a request of the server's: {message}"
    assert type(message["id"]) in (str, int), message
    check_type(revision, REQUESTS[method], message)


@functools.lru_cache(maxsize=None)
def _compiled(text):
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def errors(schema, value):
    """What is wrong with the value by a schema that the server published; empty: nothing."""
    found = _compiled(json.dumps(schema, sort_keys=True)).iter_errors(value)
    return [f"{list(error.absolute_path)}: {error.message}" for error in found]
