"""The schema of the google provider, read from the types that are generated for JavaScript.

Of a resource type the package holds three things that matter here: ``...ToHclTerraform`` functions name every
argument and say what is a block and of which type; a comment before each output says that it is computed; and
the declarations beside them mark with ``?`` what may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROVIDER = "/".join((".".join(("registry", "terraform", "io")), "hashicorp", "google"))
"""``hashicorp/google`` in full, as Terraform calls it."""

VERSION = "6.50.0"

ARGUMENT = re.compile(
    r'^ +(\w+): \{\n +value: (.+),\n +isBlock: (true|false),\n +type: "(\w+)",\n +storageClassType: "(\w+)",$',
    re.MULTILINE,
)
ARGUMENTS = re.compile(
    r"^(?:function (\w+)ToHclTerraform\(struct\) \{$(.*?)^\}$| {4}synthesizeHclAttributes\(\) \{$(.*?)^ {4}\}$)",
    re.MULTILINE | re.DOTALL,
)
CLASS = re.compile(r"^class (\w+) extends cdktf\.(\w+) \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"// (\w+) - computed: true,.*\n +get \w+\(\) \{\n +return (.+);$", re.MULTILINE)
OUTPUT_FIELD = re.compile(
    r'// (\w+) - computed: true,.*\n +this\._\w+ = new ([\w.]+)\(this, "\w+"(, true)?(?:, false)?\);$',
    re.MULTILINE,
)
INTERFACE = re.compile(r"^export interface (\w+)[^{]*\{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
REQUIRED = re.compile(r"^    readonly (\w+):", re.MULTILINE)

TYPES: dict[tuple[str, str], Any] = {
    ("simple", "string"): "string",
    ("simple", "number"): "number",
    ("simple", "boolean"): "bool",
    ("list", "stringList"): ["list", "string"],
    ("list", "numberList"): ["list", "number"],
    ("set", "stringList"): ["set", "string"],
    ("map", "stringMap"): ["map", "string"],
}
GETTERS: dict[str, Any] = {
    "this.getStringAttribute": "string",
    "this.getNumberAttribute": "number",
    "this.getBooleanAttribute": "bool",
    "this.getListAttribute": ["list", "string"],
    "this.getNumberListAttribute": ["list", "number"],
    "this.getStringMapAttribute": ["map", "string"],
    "cdktf.Fn.tolist": ["set", "string"],
}
MAPS: dict[str, Any] = {
    "cdktf.StringMap": ["map", "string"],
    "cdktf.BooleanMap": ["map", "bool"],
    "cdktf.NumberMap": ["map", "number"],
    "cdktf.StringMapList": ["list", ["map", "string"]],
}
ROOTS = ("TerraformResource", "TerraformDataSource", "TerraformProvider")
SET_BY_PROVIDER = ("id", "project")
"""Arguments that the provider fills in where they are left out. Of others the package does not tell."""


class Unreadable(Exception):
    """The package holds something that is not read yet."""


def extract(package: Path, names: Iterable[str]) -> dict[str, Any]:
    """The schema as ``terraform providers schema -json`` writes it.

    ``names`` are resource types; those of data sources begin with ``data.``. Raises ``Unreadable`` for one
    that the package does not have.
    """
    schemas: dict[str, Any] = {"resource_schemas": {}, "data_source_schemas": {}}
    for name in sorted(names):
        kind = "data_source_schemas" if name.startswith("data.") else "resource_schemas"
        folder = name.replace("data.google_", "data_google_").removeprefix("google_").replace("_", "-")
        if not (package / "lib" / folder).is_dir():
            raise Unreadable(f"google {VERSION} has no {name}")
        schemas[kind][name.removeprefix("data.")] = _read(package / "lib" / folder).schema()
    schemas["provider"] = _read(package / "lib" / "provider").schema()
    return {"format_version": "1.0", "provider_schemas": {PROVIDER: schemas}}


def used(folder: Path) -> list[str]:
    """The types that Terraform files below a folder declare, as ``extract`` takes them."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.tf"))
    found = re.findall(r'^(resource|data) "(google_\w+)"', text, re.MULTILINE)
    return sorted({f"data.{name}" if kind == "data" else name for kind, name in found})


def _read(folder: Path) -> _Module:
    if not folder.is_dir():
        raise Unreadable(
            f"the package has no {folder.name}: is the type spelt right, and in google {VERSION}?"
        )
    code = (folder / "index.js").read_text(encoding="utf-8")
    declared = (folder / "index.d.ts").read_text(encoding="utf-8")
    classes = {name: (base, body) for name, base, body in CLASS.findall(code)}
    root = next((name for name, (base, _) in classes.items() if base in ROOTS), None)
    if root is None:
        raise Unreadable(f"{folder.name} is in pieces: its classes are not in index.js")
    return _Module(
        root=root,
        arguments={
            _class(name) or root: of_block or of_root for name, of_block, of_root in ARGUMENTS.findall(code)
        },
        classes={name: body for name, (_, body) in classes.items()},
        required={name: set(REQUIRED.findall(body)) for name, body in INTERFACE.findall(declared)},
    )


def _class(function: str) -> str:
    """The class that a function of the package is named after."""
    return function[:1].upper() + function[1:]


@dataclass(frozen=True)
class _Module:
    """One type: source by class, and the properties that must be given by interface."""

    root: str
    arguments: dict[str, str]
    classes: dict[str, str]
    required: dict[str, set[str]]

    def schema(self) -> dict[str, Any]:
        return {"version": 0, "block": self._block(self.root, self.root, f"{self.root}Config")}

    def _block(self, name: str, output: str, interface: str) -> dict[str, Any]:
        attributes = {key: {"type": kind, "computed": True} for key, kind in self._outputs(output)}
        blocks: dict[str, Any] = {}
        for key, value, is_block, kind, storage in ARGUMENT.findall(self.arguments[name]):
            (given,) = re.findall(r"(?:struct\.|this\._)(\w+)", value)
            must = given in self.required[interface]
            if is_block == "true":
                blocks[key] = self._nested(value, kind, must)
                continue
            if (kind, storage) not in TYPES:
                raise Unreadable(f"{name}.{key} is a {kind} of {storage}")
            attributes[key] = {"type": TYPES[kind, storage], "required" if must else "optional": True}
            if key in SET_BY_PROVIDER and not must:
                attributes[key]["computed"] = True
        block = {"attributes": dict(sorted(attributes.items())), "block_types": dict(sorted(blocks.items()))}
        return {key: content for key, content in block.items() if content}

    def _nested(self, value: str, kind: str, must: bool) -> dict[str, Any]:
        (function,) = re.findall(r"(?<![.\w])(\w+)ToHclTerraform", value)
        name = _class(function)
        found: dict[str, Any] = {"block": self._block(name, f"{name}OutputReference", name)}
        if kind == "struct":
            return {"nesting_mode": "single", **found}
        found["nesting_mode"] = kind
        if must:
            found["min_items"] = 1
        if "listMapperHcl" not in value:
            found["max_items"] = 1
        return found

    def _outputs(self, name: str) -> Iterator[tuple[str, Any]]:
        """What the provider answers: name and type."""
        body = self.classes.get(name, "")
        for key, expression in OUTPUT.findall(body):
            getter = expression.split("(")[0]
            if getter in GETTERS:
                yield key, GETTERS[getter]
            elif f'this, "{key}"' not in body:
                raise Unreadable(f"{name}.{key} is {expression}")
        for key, made, is_set in OUTPUT_FIELD.findall(body):
            if made in MAPS:
                yield key, MAPS[made]
            else:
                element = dict(self._outputs(made.removesuffix("List") + "OutputReference"))
                yield key, ["set" if is_set else "list", ["object", element]]
