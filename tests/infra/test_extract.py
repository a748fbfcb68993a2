"""Reading a schema out of generated code, on a type that is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.provider.extract import PROVIDER, Unreadable, extract, used

CODE = """
function ballHoopToHclTerraform(struct) {
    if (!struct) {
        return struct;
    }
    const attrs = {
        height: {
            value: cdktf.numberToHclTerraform(struct.height),
            isBlock: false,
            type: "simple",
            storageClassType: "number",
        },
    };
}
class BallHoopOutputReference extends cdktf.ComplexObject {
    // state - computed: true, optional: false, required: false
    get state() {
        return this.getStringAttribute('state');
    }
}
class BallThrowOutputReference extends cdktf.ComplexObject {
    // made - computed: true, optional: false, required: false
    get made() {
        return this.getBooleanAttribute('made');
    }
}
class Ball extends cdktf.TerraformResource {
    constructor(scope) {
        // throw - computed: true, optional: false, required: false
        this._throw = new BallThrowList(this, "throw", false);
    }
    // seams - computed: true, optional: false, required: false
    get seams() {
        return cdktf.Fn.tolist(this.getListAttribute('seams'));
    }
    synthesizeHclAttributes() {
        const attrs = {
            project: {
                value: cdktf.stringToHclTerraform(this._project),
                isBlock: false,
                type: "simple",
                storageClassType: "string",
            },
            names: {
                value: cdktf.listMapperHcl(cdktf.stringToHclTerraform, false)(this._names),
                isBlock: false,
                type: "set",
                storageClassType: "stringList",
            },
            hoop: {
                value: HOOP,
                isBlock: true,
                type: "list",
                storageClassType: "BallHoopList",
            },
        };
    }
}
"""
ONE = "ballHoopToHclTerraform(this._hoop.internalValue)"
MANY = "cdktf.listMapperHcl(ballHoopToHclTerraform, true)(this._hoop.internalValue)"
DECLARED = """
export interface BallConfig extends cdktf.TerraformMetaArguments {
    readonly project?: string;
    readonly names: string[];
    readonly hoop: BallHoop;
}
export interface BallHoop {
    readonly height?: number;
}
"""
PROVIDER_CODE = "class P extends cdktf.TerraformProvider {\n    synthesizeHclAttributes() {\n    }\n}\n"


def package(folder: Path, code: str) -> Path:
    texts = {"provider": (PROVIDER_CODE, "export interface PConfig {\n}\n"), "ball": (code, DECLARED)}
    for name, (js, ts) in texts.items():
        (folder / "lib" / name).mkdir(parents=True)
        (folder / "lib" / name / "index.js").write_text(js, encoding="utf-8")
        (folder / "lib" / name / "index.d.ts").write_text(ts, encoding="utf-8")
    return folder


def test_arguments_outputs_and_blocks_are_read(tmp_path: Path) -> None:
    schema = extract(package(tmp_path, CODE.replace("HOOP", ONE)), ["google_ball"])
    block = schema["provider_schemas"][PROVIDER]["resource_schemas"]["google_ball"]["block"]
    assert block["attributes"] == {
        "names": {"type": ["set", "string"], "required": True},
        "project": {"type": "string", "optional": True, "computed": True},
        "seams": {"type": ["set", "string"], "computed": True},
        "throw": {"type": ["list", ["object", {"made": "bool"}]], "computed": True},
    }
    hoop = {"height": {"type": "number", "optional": True}, "state": {"type": "string", "computed": True}}
    assert block["block_types"] == {
        "hoop": {"nesting_mode": "list", "min_items": 1, "max_items": 1, "block": {"attributes": hoop}}
    }


def test_a_block_that_may_stand_several_times_has_no_most(tmp_path: Path) -> None:
    schema = extract(package(tmp_path, CODE.replace("HOOP", MANY)), ["google_ball"])
    hoop = schema["provider_schemas"][PROVIDER]["resource_schemas"]["google_ball"]["block"]["block_types"][
        "hoop"
    ]
    assert "max_items" not in hoop


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    code = CODE.replace("HOOP", ONE)
    cases = {
        "no google_bat": ("google_bat", code),
        "Ball.names is a set of dateList": ("google_ball", code.replace("stringList", "dateList")),
        "Ball.seams is this.seamsOf": ("google_ball", code.replace("cdktf.Fn.tolist(", "this.seamsOf(")),
        "ball is in pieces": ("google_ball", "module.exports = require('./ball');\n"),
    }
    for number, (said, (name, text)) in enumerate(cases.items()):
        with pytest.raises(Unreadable, match=said):
            extract(package(tmp_path / str(number), text), [name])


def test_the_types_in_use_are_found(tmp_path: Path) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "a.tf").write_text(
        'resource "google_b" "x" {\n}\n# resource "google_c" "x"\n', encoding="utf-8"
    )
    (tmp_path / "modules" / "m.tf").write_text('data "google_a" "x" {\n}\n', encoding="utf-8")
    assert used(tmp_path) == ["data.google_a", "google_b"]
