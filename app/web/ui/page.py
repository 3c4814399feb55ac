"""The studio's page: one static shell inside Gradio; everything in it is drawn by /static/main.js.

No user text is ever put into a Gradio template: names reach the page as JSON and are written by
`textContent` (a `{{value}}` in a gr.HTML template would be evaluated as code).
"""

from __future__ import annotations

from typing import Any, Final

import gradio as gr
from gradio.themes import Base

SHELL: Final = '<div id="studio" class="studio"></div>'
"""Where main.js builds the studio."""
STYLES: Final = (
    *("theme", "layout", "controls", "marks", "frames", "stage"),
    *("side", "scene", "viewer", "ghosts", "rounds", "curves", "compare", "exports", "dialogs"),
)
HEAD: Final = "".join(
    [
        '<meta name="color-scheme" content="light dark">',
        '<link rel="icon" type="image/svg+xml" href="/static/icon.svg">',
        *(f'<link rel="stylesheet" href="/static/{name}.css">' for name in STYLES),
        '<script type="module" src="/static/main.js"></script>',
    ]
)


def build() -> gr.Blocks:
    """Return the page: a shell that main.js fills, and nothing of Gradio's own."""
    with gr.Blocks(title="Rewis3d Studio", analytics_enabled=False, fill_width=True) as page:
        gr.HTML(
            html_template=SHELL,
            js_on_load=None,
            apply_default_css=False,
            elem_id="rewis3d-host",
        )
    return page


def _theme() -> Base:
    # Fonts by plain name: Gradio would fetch others from Google. The page's colours show until
    # the studio covers it.
    theme = Base(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    return theme.set(body_background_fill="#f4f5f7", body_background_fill_dark="#111216")


def mount_options() -> dict[str, Any]:
    """Return the keyword arguments for `gr.mount_gradio_app`: nothing comes from outside."""
    return {
        "head": HEAD,
        "theme": _theme(),
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
        "show_error": False,
    }
