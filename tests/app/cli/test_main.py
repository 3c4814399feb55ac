"""The program as a whole: its commands, its start, its exit status."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from app.cli.main import cli, main

COMMANDS = {
    "demo",
    "new",
    "reconstruct",
    "annotate",
    "worker",
    "strokes",
    "classes",
    "reserve",
    "train",
    "rounds",
    "cancel",
    "resume",
    "activate",
    "benchmark",
    "predict",
    "evaluate",
    "export",
    "doctor",
}
HEAVY = "torch", "transformers", "gradio", "dbos", "sqlalchemy", "numpy", "cv2", "fastapi"


def test_the_commands_are_those_of_the_design() -> None:
    group = typer.main.get_command(cli)
    assert set(group.commands) == COMMANDS  # type: ignore[attr-defined]


@pytest.mark.parametrize("words", [[], *([name] for name in sorted(COMMANDS))], ids=" ".join)
def test_every_command_explains_itself(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert f"Usage: {' '.join(['rewis3d', *words])}" in out


@pytest.mark.parametrize(
    "words", [["trian"], ["train"], ["train", "x", "--wiat"], ["strokes", "x"]]
)
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Usage: rewis3d" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["annotate", "worker", "rounds", "train", "reserve"])
def test_a_folder_that_is_no_project_is_1(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--frames", "0"] if command == "reserve" else []
    assert main([command, str(tmp_path), *options]) == 1
    assert capsys.readouterr() == (
        "",
        f"rewis3d: {tmp_path} is not a project folder; make one with `rewis3d new`\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_help_starts_without_what_is_slow_to_import() -> None:
    code = f"import sys, app.cli.main; print(*(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_history_starts_without_torch_or_a_web_server(tmp_path: Path) -> None:
    code = (
        "import sys; from app.cli.main import main; main(['rounds', 'x']);"
        " print(*({'torch', 'gradio', 'dbos', 'fastapi', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.split() == []


def test_the_program_and_the_module_are_the_same(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("rewis3d")
    for command in ([str(program)], [sys.executable, "-P", "-m", "app"]):
        done = subprocess.run(
            [*command, "rounds", "nowhere"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("rewis3d: ")
        assert done.stderr.count("\n") == 1
