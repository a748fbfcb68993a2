#!/usr/bin/env bash
# nba_api 1.12.0 with requests 2.34.2: the status of a response is not looked at.
#
# An endpoint whose server answers 429 or 503 with a JSON body that has result sets gives a data frame of it, without
# an exception and without a warning. A caller that retries on errors never sees one, and stale rows of a cache or a
# proxy pass for the answer. The status is in no attribute of the endpoint either; only its private response has it.
#
# Output seen:
#   429 -> 1 rows, no exception
#   503 -> 1 rows, no exception
#   200 -> 1 rows, no exception
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check 'nba_api==1.12.0' 'requests==2.34.2'

cat > "$work/ask.py" <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from nba_api.stats.endpoints import commonallplayers
from nba_api.stats.library.http import NBAStatsHTTP

BODY = json.dumps({
    "resource": "commonallplayers", "parameters": {},
    "resultSets": [{"name": "CommonAllPlayers", "headers": ["PERSON_ID"], "rowSet": [[201939]]}],
}).encode()


class Handler(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.send_response(Handler.status)
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
NBAStatsHTTP.base_url = f"http://127.0.0.1:{server.server_address[1]}/stats/{{endpoint}}"
for status in (429, 503, 200):
    Handler.status = status
    frame = commonallplayers.CommonAllPlayers(timeout=5).get_data_frames()[0]
    print(f"{status} -> {len(frame)} rows, no exception")
server.shutdown()
PYTHON

"$work/venv/bin/python" "$work/ask.py" > "$work/seen"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
429 -> 1 rows, no exception
503 -> 1 rows, no exception
200 -> 1 rows, no exception
SEEN
