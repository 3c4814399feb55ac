"""The documents say what is there: commands, options, make targets, links."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from app.cli.main import cli

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def commands(document: Path) -> Iterator[list[str]]:
    """Yield the words of every `rewis3d` command in a document's code blocks."""
    for block in BLOCK.findall(document.read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            before, found, after = line.partition("rewis3d ")
            if found and (not before or (before.endswith(" ") and "docker" not in before)):
                yield shlex.split(after, comments=True)


def all_commands() -> list[list[str]]:
    return [words for document in DOCUMENTS for words in commands(document)]


@pytest.mark.parametrize("words", all_commands(), ids=" ".join)
def test_every_command_of_the_documents_is_there(words: list[str]) -> None:
    """Each line parses: command, options, and the number of arguments. It is not run."""
    if words == ["--help"]:
        return
    command: Any = typer.main.get_command(cli)
    name = "rewis3d"
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    command.make_context(name, words)


def test_the_readme_shows_every_command_of_the_tour() -> None:
    shown = {words[0] for words in commands(ROOT / "README.md")}
    assert shown >= {"new", "annotate", "train", "rounds", "predict", "evaluate", "export"}


def test_a_command_that_is_not_there_would_be_found(tmp_path: Path) -> None:
    document = tmp_path / "x.md"
    document.write_text("```sh\nrewis3d train street --presto quick\n```\n")
    (words,) = commands(document)
    with pytest.raises(Exception, match="--presto"):
        test_every_command_of_the_documents_is_there(words)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [one for one in links if not (document.parent / one).exists()] == []


def test_make_targets_of_the_readme_are_there() -> None:
    for target in set(re.findall(r"`?make (\w+)", (ROOT / "README.md").read_text())):
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)
