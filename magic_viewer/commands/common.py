"""What several subcommands need."""

import argparse
import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from magic_viewer.progress import Progress

Result = TypeVar("Result")
if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]


def add_part_options(parser: argparse.ArgumentParser) -> None:
    """Which part of a data folder; all of it without either."""
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--split", choices=["train", "val", "test"])
    part.add_argument("--fold", type=int)


def follow(work: Generator[Progress, None, Result]) -> Result:
    """Drains work, showing its progress on standard error."""
    while True:
        try:
            show(next(work))
        except StopIteration as stop:
            result: Result = stop.value
            return result


def show(progress: Progress) -> None:
    """One line on standard error; on a terminal the line is written over."""
    if sys.stderr.isatty():
        end = "\n" if progress.done == progress.total else "\r"
        print(
            f"\033[K{progress.done}/{progress.total} {progress.message}", end=end, file=sys.stderr
        )
    elif progress.total and progress.done % max(1, progress.total // 100) == 0:
        print(f"{progress.done}/{progress.total} {progress.message}", file=sys.stderr)
