"""The shape of the tree: lengths, a test for every module, no paths of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BOXES = ("annotations", "rewis3d", "app")
FILE_LINES = 300
FUNCTION_LINES = 60
CODE = {".py", ".js", ".mjs", ".css", ".html", ".sh"}
TESTED_ELSEWHERE = {
    "app/__main__.py": "tests/app/cli/test_main.py",
    "app/jobfolder.py": "tests/app/test_bridge.py",
    "app/cli/follow.py": "tests/app/cli/test_training.py",
    "app/cli/options.py": "tests/app/cli/test_main.py",
    "app/web/context.py": "tests/app/web/test_project.py",
    "app/web/exporting.py": "tests/app/web/test_exports.py",
    "app/web/files.py": "tests/app/web/test_frames.py",
    "app/web/login.py": "tests/app/web/test_guard.py",
    "app/web/refusals.py": "tests/app/web/test_guard.py",
    "app/web/server.py": "tests/app/web/test_guard.py",
    "app/web/ui/page.py": "tests/browser/test_page.py",
    "rewis3d/enlist.py": "tests/rewis3d/test_train.py",
    "rewis3d/learning/branches.py": "tests/rewis3d/learning/test_step.py",
    "rewis3d/learning/curves.py": "tests/rewis3d/learning/test_loop.py",
    "rewis3d/learning/frozen.py": "tests/rewis3d/test_train.py",
    "rewis3d/learning/lesson.py": "tests/rewis3d/learning/test_step.py",
    "rewis3d/learning/plan.py": "tests/rewis3d/learning/test_loop.py",
    "rewis3d/material.py": "tests/rewis3d/test_method.py",
    "rewis3d/model_card.py": "tests/rewis3d/test_export.py",
    "rewis3d/models/lite.py": "tests/rewis3d/test_weights.py",
    "rewis3d/models/segmenter.py": "tests/rewis3d/test_export.py",
    "rewis3d/reconstruct/cameras/joined.py": "tests/rewis3d/reconstruct/cameras/test_chunked.py",
    "rewis3d/reconstruct/cameras/mapped.py": "tests/rewis3d/reconstruct/cameras/test_solve.py",
    "rewis3d/reconstruct/cameras/part.py": "tests/rewis3d/reconstruct/cameras/test_chunked.py",
    "rewis3d/reconstruct/cameras/together.py": "tests/rewis3d/reconstruct/cameras/test_solve.py",
    "rewis3d/reconstruct/colmap.py": "tests/rewis3d/reconstruct/test_run.py",
    "rewis3d/reconstruct/formats/captures.py": "tests/rewis3d/reconstruct/test_given.py",
    "rewis3d/reconstruct/formats/types.py": "tests/rewis3d/reconstruct/test_given.py",
    "rewis3d/start.py": "tests/rewis3d/test_train.py",
    "rewis3d/types.py": "tests/rewis3d/test_job.py",
}
"""Modules without a test file of their own name, and the file that tests them."""

# function f() {, method() {, name = (x) => { ... at the end of a line
JS_FUNCTION = re.compile(
    r"^\s*(?!(?:if|for|while|switch|catch|else|do|try|with|return)\b)"
    r"(?:.*\bfunction\b.*|.*=>\s*|(?:static |async |get |set |\*)*#?\w+\(.*\)\s*)\{$"
)
MACHINE = re.compile(r"(?<![\w.])/(?:work|farm|root|home/\w+|Users/\w+)/")


def tracked() -> list[Path]:
    """Every file that git knows, or would know once it is added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def python_functions(text: str) -> Iterator[tuple[str, int]]:
    """Yield (name, lines) of every function, nested ones too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def script_functions(text: str) -> Iterator[tuple[str, int]]:
    """Yield (first line, lines) of the functions of a JavaScript file that is indented as ours.

    A function ends at the first later line that starts with its closing brace at its indentation.
    """
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if not JS_FUNCTION.match(line):
            continue
        closing = re.match(r"\s*", line)[0] + "}"  # type: ignore[index]
        ends = (end for end in range(start + 1, len(lines)) if lines[end].startswith(closing))
        yield line.strip(), next(ends, len(lines)) - start + 1


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_files_are_short() -> None:
    lengths = {relative(p): len(p.read_text().splitlines()) for p in tracked() if p.suffix in CODE}
    assert {name: n for name, n in lengths.items() if n > FILE_LINES} == {}


def test_functions_are_short() -> None:
    found: dict[str, int] = {}
    for path in tracked():
        if path.suffix == ".py":
            functions = python_functions(path.read_text())
        elif path.suffix in {".js", ".mjs"}:
            functions = script_functions(path.read_text())
        else:
            continue
        found |= {f"{relative(path)}: {name}": lines for name, lines in functions}
    assert {name: n for name, n in found.items() if n > FUNCTION_LINES} == {}


def test_a_long_function_would_be_found() -> None:
    body = "  x();\n" * 59
    scripts = ["function f() {", "  async draw(a) {", "const f = (a) => {", "x.on('a', () => {"]
    for first in scripts:
        indent = first[: len(first) - len(first.lstrip())]
        text = f"{first}\n{body.replace('  x', indent + '  x')}{indent}}}\n"
        assert [lines for _, lines in script_functions(text)] == [61]
    assert list(script_functions("if (a) {\n}\nfor (const a of b()) {\n}\n")) == []
    assert dict(python_functions("def f():\n" + "    x = 1\n" * 60)) == {"f": 61}


def modules() -> list[Path]:
    """Every module of the three boxes with something to test in it."""
    found = [p for p in tracked() if p.suffix == ".py" and relative(p).split("/")[0] in BOXES]
    return [p for p in found if p.name != "__init__.py" and "migrations/versions" not in str(p)]


def named_after(module: Path) -> list[Path]:
    """The test files of a module: its name, in the folder that mirrors its own.

    More words may follow (test_store_order.py). Folders may stand in the name instead
    (test_ui_page.py), or be left out where no module outside them has the name.
    """
    box, *folders = module.relative_to(ROOT).with_suffix("").parts
    stem = folders.pop()
    found = []
    for level in range(len(folders) + 1):
        outer, inner = folders[:level], folders[level:]
        names = {"_".join((*inner, stem))}
        if not ROOT.joinpath(box, *outer, f"{stem}.py").exists():
            names.add(stem)
        wanted = re.compile(f"test_(?:{'|'.join(names)})(?:_.+)?")
        files = ROOT.joinpath("tests", box, *outer).glob("test_*.py")
        found += [path for path in files if wanted.fullmatch(path.stem)]
    return found


def test_every_module_has_a_test() -> None:
    missing = {relative(m) for m in modules() if not named_after(m)}
    assert missing == set(TESTED_ELSEWHERE)
    assert [file for file in TESTED_ELSEWHERE.values() if not (ROOT / file).is_file()] == []


def test_every_test_file_holds_tests() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        names = [name for name, _ in python_functions(path.read_text())]
        assert any(name.startswith("test_") for name in names), f"{relative(path)} tests nothing"


def test_packages_are_empty_files() -> None:
    packages = [p for p in tracked() if p.name == "__init__.py"]
    assert [relative(p) for p in packages if p.read_text().strip()] == []


def test_no_path_of_one_machine() -> None:
    found = []
    for path in tracked():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue  # an image or another binary file
        found += [f"{relative(path)}: {line.strip()}" for line in lines if MACHINE.search(line)]
    assert found == []


@pytest.mark.parametrize("text", ["/" + "work/main", "see /" + "home/jo/x", '"/' + 'root/a"'])
def test_a_path_of_one_machine_would_be_found(text: str) -> None:
    assert MACHINE.search(text)
