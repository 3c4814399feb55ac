from __future__ import annotations

from app.ingest.report import SHOWN, ImportReport


def test_notes_come_before_skipped_files():
    report = ImportReport((3, 4), (("a.txt", "not an image"),), ("drive.mp4 is cut short",))
    assert report.added == 2
    assert report.lines() == ["drive.mp4 is cut short", "skipped a.txt: not an image"]


def test_so_many_files_are_named_as_people_read():
    def lines(files: int) -> list[str]:
        return ImportReport((), tuple((f"{i}.txt", "no") for i in range(files))).lines()

    assert len(lines(SHOWN)) == SHOWN
    assert lines(SHOWN + 1)[-2:] == [f"skipped {SHOWN - 1}.txt: no", "skipped 1 more file"]
    assert lines(SHOWN + 30)[-1] == "skipped 30 more files"
