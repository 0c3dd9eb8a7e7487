"""A client of the studio written from docs/api.md and the JSON Schemas of `fcos api --json` alone; standard library only.

    python3 studio_client.py URL API.json

Opens the sample, draws a box and takes it back, imports by job, fetches a thumbnail, and prints what it saw as JSON.
Everything that it sends and gets is held to the schemas.
"""

import base64
import http.client
import json
import os
import re
import socket
import struct
import sys
from urllib.parse import urlsplit

TYPES = {
    "string": str,
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}
BOUNDS = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: len(value) <= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
    "pattern": lambda value, bound: re.search(bound, value),
}


def has_type(value, name):
    if name in ("number", "integer"):
        whole = not isinstance(value, float) or value.is_integer()
        return isinstance(value, (int, float)) and not isinstance(value, bool) and (name == "number" or whole)
    return isinstance(value, TYPES[name])


def fits(value, schema, root):
    try:
        check(value, schema, root)
        return True
    except ValueError:
        return False


def check(value, schema, root):
    """Raises ValueError where a value is not as JSON Schema says, and KeyError for words of it that are not known here."""

    def demand(condition):
        if not condition:
            raise ValueError(f"{json.dumps(value)[:200]} does not fit {json.dumps(schema)[:200]}")

    if schema is False:
        demand(False)
    # The type first: bounds only make sense for values of it.
    for word, wanted in sorted(schema.items(), key=lambda item: item[0] != "type"):
        if word in ("$schema", "description", "$defs", "readOnly", "required", "additionalProperties", "items"):
            continue
        elif word == "$ref":
            check(value, root["$defs"][wanted.removeprefix("#/$defs/")], root)
        elif word == "type":
            demand(any(has_type(value, name) for name in ([wanted] if isinstance(wanted, str) else wanted)))
        elif word == "const":
            demand(value == wanted)
        elif word == "enum":
            demand(value in wanted)
        elif word == "anyOf":
            demand(any(fits(value, option, root) for option in wanted))
        elif word == "properties":
            for name, inner in wanted.items():
                if name in value:
                    check(value[name], inner, root)
        elif word == "propertyNames":
            for name in value:
                check(name, wanted, root)
        elif word == "prefixItems":
            for item, inner in zip(value, wanted):
                check(item, inner, root)
        else:
            demand(BOUNDS[word](value, wanted))
    for name in schema.get("required", []):
        demand(name in value)
    if isinstance(value, dict) and "additionalProperties" in schema:
        for name in value.keys() - schema.get("properties", {}).keys():
            check(value[name], schema["additionalProperties"], root)
    if isinstance(value, list) and "items" in schema:
        for item in value[len(schema.get("prefixItems", [])) :]:
            check(item, schema["items"], root)


class Studio:
    def __init__(self, url, api):
        self.api = api
        self.address = urlsplit(url)
        _, headers, _ = self.get(f"/?{self.address.query}")
        self.cookie = headers["Set-Cookie"].split(";")[0]
        self.events = []
        self.last_id = 0
        self.connect()

    def get(self, path, **headers):
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def connect(self):
        host = self.address.netloc
        self.socket = socket.create_connection((self.address.hostname, self.address.port), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /studio HTTP/1.1",
            f"Host: {host}",
            f"Origin: http://{host}",
            f"Cookie: {self.cookie}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        status = self.stream.readline().split()[1]
        assert status == b"101", status
        while self.stream.readline() != b"\r\n":
            pass

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(">BQ", 0xFF, len(data))
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        self.socket.sendall(b"\x81" + length + mask + masked)

    def receive(self):
        first, second = self.stream.read(2)
        assert first == 0x81, f"no whole text: {first:#x}"
        length = second
        if second == 126:
            (length,) = struct.unpack(">H", self.stream.read(2))
        elif second == 127:
            (length,) = struct.unpack(">Q", self.stream.read(8))
        return json.loads(self.stream.read(length))

    def next_message(self):
        message = self.receive()
        if "event" in message:
            schema = self.api["events"][message["event"]]
            check(message["data"], schema, schema)
            self.events.append(message)
        return message

    def call(self, method, **params):
        schemas = self.api["methods"][method]
        check(params, schemas["params"], schemas["params"])
        message = self.call_unchecked(method, params)
        assert "error" not in message, message
        check(message["result"], schemas["result"], schemas["result"])
        return message["result"]

    def call_unchecked(self, method, params):
        self.last_id += 1
        self.send(json.dumps({"id": self.last_id, "method": method, "params": params}))
        while True:
            message = self.next_message()
            if message.get("id") == self.last_id:
                return message

    def finish(self, job):
        """Waits for the end of a job; it may have ended before anybody waits."""
        entries = self.call("jobs.list")
        while True:
            for entry in entries:
                if entry["id"] == job and entry["state"] != "running":
                    return entry
            message = self.next_message()
            entries = [message["data"]] if message.get("event") == "job" else []


def main(url, api_file):
    with open(api_file, encoding="utf-8") as file:
        studio = Studio(url, json.load(file))
    summary = studio.call("project.openSample")
    image = studio.call("images.find", query="split:val")["ids"][0]
    die = next(entry for entry in studio.call("classes.list") if entry["name"] == "die")
    before = studio.call("annotations.of", image=image)
    new = {"classId": die["id"], "box": [1.5, 2, 30, 40], "source": "drawn"}
    added = studio.call("annotations.add", image=image, annotations=[new])["ids"]
    after = studio.call("annotations.of", image=image)
    studio.call("history.undo")
    job = studio.finish(studio.call("project.scan")["job"])
    status, headers, picture = studio.get(f"/asset/thumbnail/{image}", Cookie=studio.cookie)
    print(
        json.dumps(
            {
                "images": summary["images"],
                "added": [entry["box"] for entry in after if entry["id"] in added],
                "grew": len(after) - len(before),
                "undone": studio.call("annotations.of", image=image) == before,
                "steps": [message["data"]["label"] for message in studio.events if message["event"] == "step"],
                "job": [job["kind"], job["state"], job["result"]["found"]],
                "refused": studio.call_unchecked("images.find", {"query": 7})["error"]["code"],
                "thumbnail": [status, headers["Content-Type"], picture[:2].hex()],
            }
        )
    )


main(*sys.argv[1:])
