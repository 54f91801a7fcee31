#!/bin/sh
# `make run`: the demo store and the server in the foreground; Ctrl-C ends both.
set -eu

build=${BUILD:-build}
state=$build/run
store_port=${STORE_PORT:-8080}
mcp_port=${MCP_PORT:-8765}
mkdir -p "$state"
chmod 700 "$state"

"$build/demo-store" --listen "127.0.0.1:$store_port" --products 200 >"$state/demo-store.log" 2>&1 &
store=$!
trap 'kill "$store" 2>/dev/null || true' EXIT
trap 'exit 0' INT TERM
tries=0
until grep -q listening "$state/demo-store.log"; do
	kill -0 "$store" 2>/dev/null || { cat "$state/demo-store.log" >&2; echo "Is port $store_port taken? Try: make run STORE_PORT=8081" >&2; exit 1; }
	tries=$((tries + 1))
	[ "$tries" -lt 200 ] || { echo "the demo store does not come up" >&2; exit 1; }
	sleep 0.05
done

cat >"$state/magento-mcp.conf" <<EOF
# Written by \`make run\`.  The credentials are the demo store's own; they open nothing else.
[server]
listen = 127.0.0.1:$mcp_port
state_dir = $(cd "$state" && pwd)
name = magento-mcp demo

[store "demo"]
base_url = http://127.0.0.1:$store_port
oauth_consumer_key = dummyconsumerkey0000000000000000
oauth_consumer_secret = dummyconsumersecret0000000000000
oauth_token = dummyaccesstoken0000000000000000
oauth_token_secret = dummytokensecret0000000000000000
EOF
chmod 600 "$state/magento-mcp.conf"

cat <<EOF

  MCP endpoint   http://127.0.0.1:$mcp_port/mcp
  demo store     http://127.0.0.1:$store_port
  metrics        http://127.0.0.1:9464/metrics
  configuration  $state/magento-mcp.conf

Paste this into another terminal: it logs in to the demo store and says who you are.

  curl -s http://127.0.0.1:$mcp_port/mcp -H 'Content-Type: application/json' \\
    -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/call' -H 'Mcp-Name: auth_login' \\
    -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"auth_login","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}'

Ctrl-C ends server and store.

EOF
"$build/magento-mcp" serve -c "$state/magento-mcp.conf" &
server=$!
trap 'kill -TERM "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; exit 0' INT TERM
wait "$server"
