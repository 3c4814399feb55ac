from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from app.benchmark.report import Report, about, lines, to_json
from app.benchmark.result import Result
from app.workspace import Workspace
from tests.app.benchmark.planned import HERE, make_reported_scene, planned, result, wish

CLASSES = {"ground": 0.25, "a|b": None}
RESULTS = [
    result("ema", 0, 0.50, classes=CLASSES),
    result("recon", 0, 0.60, reserved=0.25, classes=CLASSES, peak_memory_bytes=3 << 29),
    result("full", 0, 0.75),
    result("ema", 1, 0.54, classes=CLASSES),
    result("recon", 1, 0.68, reserved=0.35, classes=CLASSES, seconds=22.6),
    result("full", 1, 0.75),
]


def report(*results: Result) -> Report:
    return Report("Benchmark of street", ["20 steps"], HERE, results or RESULTS)


def rows(text: list[str]) -> dict[str, list[str]]:
    """Return the cells of the last table's rows by their first one."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text if "|" in line]
    return {row[0]: row[1:] for row in cells}


def test_it_begins_with_what_it_was_measured_on() -> None:
    assert list(lines(report()))[:8] == [
        "# Benchmark of street",
        "",
        "- commit: 0123456789ab",
        "- CPU: a processor",
        "- threads: 2",
        "- load average before: 0.10",
        "- 20 steps",
        "",
    ]


def test_the_table() -> None:
    text = list(lines(report()))
    found = rows(text[: text.index("", 8)])
    assert found["row"] == ["what", "other", "same", "reserved", "gap closed", "s", "GiB"]
    assert found["ema"][1:] == ["52.0 ± 2.8", "60.0", "-", "0 %", "10", "1.00"]
    assert found["recon"][1:] == ["64.0 ± 5.7", "60.0", "30.0", "52 %", "16", "1.50"]
    assert found["full"][1:] == ["75.0 ± 0.0", "60.0", "-", "100 %", "10", "1.00"]
    assert found["recon"][0] == "the method on the reconstructed scene"


def test_differences_and_wins() -> None:
    text = list(lines(report()))
    start = next(i for i, line in enumerate(text) if line.startswith("Better than ema"))
    found = rows(text[start : text.index("", start + 2)])
    assert found["row"] == ["seed 0", "seed 1", "mean", "spread", "win"]
    assert found["recon"] == ["+10.0", "+14.0", "+12.0", "5.7", "yes"]
    assert found["full"] == ["+25.0", "+21.0", "+23.0", "2.8", "yes"]


def test_classes_of_the_rows_that_are_there() -> None:
    text = list(lines(report()))
    found = rows(text[text.index("IoU on other by class.") :])
    assert found == {
        "class": ["ema", "recon"],
        "---": ["---", "---"],
        "ground": ["25.0", "25.0"],
        "a/b": ["-", "-"],
    }


def test_one_seed_claims_nothing() -> None:
    text = list(lines(report(*RESULTS[:2])))
    assert "| recon | +10.0 | +10.0 | - | one seed says nothing |" in text
    assert any(line.startswith("| ema |") and "| 50.0 |" in line for line in text)


def test_without_ema_there_is_the_table_alone() -> None:
    text = "\n".join(lines(report(result("full"))))
    assert "Better than" not in text
    assert "by class" not in text


def test_cells_of_other_code_or_another_machine_are_named() -> None:
    older = replace(HERE, commit="fedcba987654", load=3.0)
    busier = replace(HERE, load=7.0)
    text = list(
        lines(report(result("ema", environment=older), result("recon", environment=busier)))
    )
    line = "- made at commit fedcba987654 on a processor with 2 threads: ema-0"
    assert [one for one in text if one.startswith("- made")] == [line]


def test_json_is_that_of_the_design() -> None:
    found = json.loads(json.dumps(to_json(report())))
    assert [(row["name"], row["seed"]) for row in found["rows"]] == [
        (one.name, one.seed) for one in RESULTS
    ]
    for row in found["rows"]:
        assert set(row) == {
            "name",
            "seed",
            "miou",
            "iou",
            "seconds",
            "peak_memory_bytes",
            "config",
        }
        assert list(row["miou"]) == list(row["iou"]) == ["same", "other", "reserved"]
    assert found["rows"][1]["miou"] == {"same": 0.6, "other": 0.6, "reserved": 0.25}
    assert [set(row) for row in found["summary"]] == [{"name", "mean", "std", "gap_closed"}] * 3
    assert [row["name"] for row in found["summary"]] == ["ema", "recon", "full"]
    assert found["environment"]["commit"] == "0123456789ab"
    recon = found["differences"][0]
    assert (recon["name"], recon["against"], recon["wins"]) == ("recon", "ema", True)


def test_what_the_cells_share(project: Workspace, labels: Path) -> None:
    make_reported_scene(project)
    wanted = wish(labels, "ema", "recon", "ceiling", seeds=2, overrides={"steps": "20"})
    told = about(planned(project, wanted), RESULTS)
    assert told[:2] == [
        "1 of 4 frames have scribbles on 5.0% of their pixels, 0 are reserved",
        "preset cpu steps=20: 20 steps a cell but for quick",
    ]
    assert told[-2] == "recon on scene 1 (colmap)"
    assert told[-1] == "ceiling learnt the very labels that other judges it by"
    minutes = about(planned(project, wish(labels, overrides={"minutes": "2.5"})), RESULTS)
    assert minutes[1] == "preset cpu minutes=2.5: 2.5 minutes a cell but for quick"
    assert not any("scene" in line or "ceiling" in line for line in minutes)
