"""A provider that knows its schema and nothing else; run by Terraform, as ``serve.py FOLDER``.

The folder holds ``schema.json`` and the messages compiled from ``tfplugin6.proto``. Terraform asks for the
schema and checks configurations against it by itself; whatever it asks the provider to check is answered with
nothing to object. Plans and changes are not implemented: only ``mock_provider`` may apply.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

COOKIE = ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
"""Terraform sets this for its plugins, so that nobody else starts one by mistake."""

PROVIDER = "/tfplugin6.Provider/"
AGREED = {
    PROVIDER + method
    for method in (
        "ConfigureProvider", "StopProvider", "ValidateDataResourceConfig", "ValidateProviderConfig", "ValidateResourceConfig",
    )
}  # fmt: skip
"""Requests whose empty answer means: nothing to object."""


class Answers(grpc.GenericRpcHandler):
    def __init__(self, schema: bytes) -> None:
        self.done = threading.Event()
        self._schema = schema

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if call.method == PROVIDER + "GetProviderSchema":
            return grpc.unary_unary_rpc_method_handler(lambda *_: self._schema)
        if call.method in AGREED:
            return grpc.unary_unary_rpc_method_handler(lambda *_: b"")
        if call.method == "/plugin.GRPCController/Shutdown":
            return grpc.unary_unary_rpc_method_handler(self._shut_down)
        return None

    def _shut_down(self, *_: Any) -> bytes:
        # Terraform waits for the process to end, for seconds if nothing is answered.
        self.done.set()
        return b""


def encode(schema: dict[str, Any], messages: Any) -> bytes:
    """The answer to GetProviderSchema."""

    def block(content: dict[str, Any]) -> Any:
        return messages.Schema.Block(
            attributes=[
                messages.Schema.Attribute(name=name, **{**a, "type": json.dumps(a["type"]).encode()})
                for name, a in content.get("attributes", {}).items()
            ],
            block_types=[
                messages.Schema.NestedBlock(
                    type_name=name,
                    block=block(b["block"]),
                    nesting=b["nesting_mode"],
                    min_items=b.get("min_items", 0),
                    max_items=b.get("max_items", 0),
                )
                for name, b in content.get("block_types", {}).items()
            ],
        )

    def whole(content: dict[str, Any]) -> Any:
        return messages.Schema(version=content["version"], block=block(content["block"]))

    (provider,) = schema["provider_schemas"].values()
    kinds = ("resource_schemas", "data_source_schemas")
    response = messages.GetProviderSchemaResponse(
        provider=whole(provider["provider"]),
        **{kind: {name: whole(content) for name, content in provider[kind].items()} for kind in kinds},
    )
    return bytes(response.SerializeToString())


def main(folder: Path) -> None:
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        sys.exit("This is a Terraform provider: terraform starts it")
    sys.path.insert(0, str(folder))
    import tfplugin6_pb2

    answers = Answers(encode(json.loads((folder / "schema.json").read_text(encoding="utf-8")), tfplugin6_pb2))
    server = grpc.server(ThreadPoolExecutor(4), handlers=[answers])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    # Version of the handshake, of the protocol, and where to call.
    print(f"1|6|tcp|127.0.0.1:{port}|grpc|", flush=True)  # noqa: T201
    answers.done.wait()
    server.stop(grace=0.1).wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
