"""The command line: `magic-viewer [PATH ...]` and its subcommands."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from magic_viewer import __version__
from magic_viewer.commands import models, scans, training
from magic_viewer.errors import MagicViewerError
from magic_viewer.paths import CODEC_CHILD, ENGINE_CHILD


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        0 on success, 2 when the input can't be used; then one sentence is on standard error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in ([CODEC_CHILD], [ENGINE_CHILD]):
        return _work_for_another(words[0])
    parser, commands = _parser()
    if not words or (words[0] not in commands and not words[0].startswith("-")):
        words.insert(0, "view")
    options = parser.parse_args(words)
    action: Callable[[argparse.Namespace], int] = options.action
    try:
        return action(options)
    except MagicViewerError as error:
        print(f"magic-viewer: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has seen enough; Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("magic-viewer: stopped.", file=sys.stderr)
        return 130


def _parser() -> tuple[argparse.ArgumentParser, list[str]]:
    """The parser, and the subcommands' names."""
    parser = argparse.ArgumentParser(
        prog="magic-viewer",
        description="Views medical images, and classifies, explains and samples them with a "
        "normalizing flow. Research use. Not for diagnosis.",
    )
    parser.add_argument("--version", action="version", version=f"magic-viewer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    view = commands.add_parser("view", help="open the window (also without the word 'view')")
    view.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    view.add_argument("--model", help="a model's name or folder")
    view.add_argument(
        "--new-window", action="store_true", help="even if a window is open that could take PATH"
    )
    view.set_defaults(action=_view)

    demo = commands.add_parser("demo", help="open the window on sample scans that need no download")
    demo.set_defaults(action=_demo)

    for group in (scans, training, models):
        group.add_commands(commands)
    return parser, list(commands.choices)


def _work_for_another(word: str) -> int:
    """What a frozen program does when it starts itself to run codecs or models."""
    if word == ENGINE_CHILD:
        from magic_viewer.pipeline.engine_child import main as run_child
    else:
        from magic_viewer.imaging.codec_child import main as run_child

    run_child()
    return 0


def _view(options: argparse.Namespace) -> int:
    from magic_viewer.ui.screen import require_qt

    require_qt()
    from magic_viewer.ui.app import run

    return run(options.paths, options.model, options.new_window)


def _demo(options: argparse.Namespace) -> int:
    from magic_viewer.ui.screen import require_qt

    require_qt()
    from magic_viewer.ui.demo import run_demo

    return run_demo()
