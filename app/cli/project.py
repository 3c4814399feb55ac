"""Commands on the project as a whole: make one, open the studio on it, keep frames back."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import AUTHOR, Host, NoBrowser, Port, Project, opened
from app.cli.selection import chosen
from app.cli.terminal import progress, remark, say

if TYPE_CHECKING:
    from app.ingest.report import ImportReport
    from app.settings import Settings
    from app.workspace import Workspace


def demo(host: Host = None, port: Port = None, no_browser: NoBrowser = False) -> None:
    """Open the studio on the sample project, made on first use in the user's data folder.

    Its reconstruction in 3D starts by itself on first use.
    """
    from app import sample, studio

    settings = _settings(host, port)
    with progress() as advance:
        root = sample.sample_project(settings.data_home, on_progress=advance)
    _reconstruct_once(root)
    studio.serve(root, settings=settings, browser=not no_browser)


def _reconstruct_once(project: Path) -> None:
    """Queue the first scene of a project for the worker that the studio starts."""
    from app import jobs, scenes

    with opened(project) as workspace:
        with workspace.read() as conn:
            asked = bool(scenes.list_scenes(conn))
        if not asked:
            jobs.start_reconstruct(workspace)


def annotate(
    project: Project,
    host: Host = None,
    port: Port = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Start no worker.")] = False,
    no_browser: NoBrowser = False,
) -> None:
    """Open the studio: canvas, rounds and export in the browser, and one worker beside it."""
    from app import studio

    settings = _settings(host, port)
    studio.serve(project, settings=settings, worker=not no_worker, browser=not no_browser)


def _settings(host: str | None, port: int | None) -> Settings:
    from app.settings import read_settings

    given = {"host": host, "port": port}
    return read_settings().model_copy(update={k: v for k, v in given.items() if v is not None})


def worker(
    project: Project,
    slot: Annotated[str | None, typer.Option(help="The worker's name on this machine.")] = None,
) -> None:
    """Run one more worker on the project until it is stopped."""
    from app.worker import main

    main(project, slot)


def new(
    project: Project,
    images: Annotated[Path | None, typer.Option(help="Folder of images.")] = None,
    video: Annotated[Path | None, typer.Option(help="Video file: mp4, mov, mkv or avi.")] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.001, help="Frames a second to take from the video.")
    ] = None,
    stride: Annotated[
        int | None, typer.Option(min=1, help="Take every n-th frame of the video.")
    ] = None,
    classes: Annotated[
        str, typer.Option(metavar="PRESET|FILE", help="Preset, or .yaml / .json file of classes.")
    ] = "camvid-11",
    name: Annotated[str | None, typer.Option(help="[default: the folder's name]")] = None,
) -> None:
    """Make a project folder from images or from a video."""
    if (images is None) == (video is None):
        raise typer.BadParameter("give either --images DIR or --video FILE")
    if video is None and (fps or stride):
        raise typer.BadParameter("--fps and --stride go with --video")
    if fps and stride:
        raise typer.BadParameter("give --fps or --stride, not both")
    from annotations import labelset
    from annotations.classes import seed_classes
    from app.workspace import making

    class_map = labelset.load(classes)
    with making(project, name or project.resolve().name) as workspace:
        with workspace.write() as conn:
            seed_classes(conn, class_map, author=AUTHOR)
        report = _take_in(workspace, images, video, fps=fps, stride=stride)
    for line in report.lines():
        remark(line)
    say(f"{project}: {report.added} frames, {len(class_map)} classes")


def _take_in(
    workspace: Workspace,
    images: Path | None,
    video: Path | None,
    *,
    fps: float | None,
    stride: int | None,
) -> ImportReport:
    from app.ingest.images import import_images
    from app.ingest.video import import_video

    with progress() as advance:
        on_progress = partial(advance, "importing")
        if images is not None:
            return import_images(workspace, images, on_progress=on_progress)
        if video is None:
            raise typer.BadParameter("give either --images DIR or --video FILE")
        return import_video(workspace, video, fps=fps, stride=stride, on_progress=on_progress)


def reserve(
    project: Project,
    frames: Annotated[
        list[str],
        typer.Option(help='Frames to keep: places from 0 ("7"), ranges ("3-9"), names, by commas.'),
    ],
    release: Annotated[bool, typer.Option("--release", help="Give them back instead.")] = False,
) -> None:
    """Keep frames for evaluation only: what is drawn on them trains nothing."""
    from annotations import store
    from app import events

    with opened(project) as workspace, workspace.write() as conn:
        picked = chosen(store.list_frames(conn), frames)
        store.set_reserved(conn, [frame.frame_id for frame in picked], not release)
        events.append(conn, "frames")
        kept = sum(frame.reserved for frame in store.list_frames(conn))
    say(f"frames {'released' if release else 'reserved'}: {len(picked)}; reserved in all: {kept}")
