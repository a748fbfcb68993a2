#!/usr/bin/env bash
# nba_api 1.12.0 with requests 2.34.2: asks for Brotli in its own headers and cannot read it after a plain install.
#
# nba_api sends "Accept-Encoding: gzip, deflate, br" itself, so requests' own choice, which offers br only where a
# Brotli package is installed, does not count. A host that answers in Brotli, as its headers ask, makes every call fail
# with an error of the JSON parser that names neither Brotli nor the status. With the package brotli the same call works.
#
# Output seen:
#   accepts br: True
#   plain install: JSONDecodeError
#   with brotli: 1 rows
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check 'nba_api==1.12.0' 'requests==2.34.2'
"$work/venv/bin/pip" install -q --disable-pip-version-check --target "$work/extra" 'brotli==1.2.0'

cat > "$work/ask.py" <<'PYTHON'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

body = Path(sys.argv[1]).read_bytes()
asked = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.headers["accept-encoding"])
        self.send_response(200)
        self.send_header("content-encoding", "br")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()

from nba_api.stats.endpoints import commonallplayers
from nba_api.stats.library.http import NBAStatsHTTP

NBAStatsHTTP.base_url = f"http://127.0.0.1:{server.server_address[1]}/stats/{{endpoint}}"
try:
    seen = f"{len(commonallplayers.CommonAllPlayers(timeout=5).get_data_frames()[0])} rows"
except json.JSONDecodeError as exc:
    seen = type(exc).__name__
except UnicodeDecodeError as exc:
    seen = type(exc).__name__
if sys.argv[2] == "plain install":
    print("accepts br:", "br" in asked[0].split(", "))
print(f"{sys.argv[2]}: {seen}")
server.shutdown()
PYTHON

PYTHONPATH="$work/extra" "$work/venv/bin/python" - "$work/body" <<'PYTHON'
import json
import sys
from pathlib import Path

import brotli

sets = [{"name": "CommonAllPlayers", "headers": ["PERSON_ID"], "rowSet": [[201939]]}]
document = {"resource": "commonallplayers", "parameters": {}, "resultSets": sets}
Path(sys.argv[1]).write_bytes(brotli.compress(json.dumps(document).encode()))
PYTHON

{
  "$work/venv/bin/python" "$work/ask.py" "$work/body" "plain install"
  PYTHONPATH="$work/extra" "$work/venv/bin/python" "$work/ask.py" "$work/body" "with brotli"
} > "$work/seen"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
accepts br: True
plain install: JSONDecodeError
with brotli: 1 rows
SEEN
