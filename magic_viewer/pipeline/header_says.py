"""What a file's header says of the classes that a model tells apart, beside what the flow says."""

import re
from dataclasses import dataclass
from typing import Literal

Opinion = Literal["silent", "agrees", "disagrees", "other"]


@dataclass(frozen=True)
class HeaderRule:
    """How a header names the classes of a model, where it does.

    Attributes:
        keyword: DICOM's of the attribute, "Manufacturer".
        words: label and the words of the attribute's value that stand for it, any of them; a
            word may stand for several labels.
    """

    keyword: str = ""
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class HeaderSays:
    """What a header says of a model's classes.

    Attributes:
        keyword: of the attribute that was looked at; "" where there is no rule.
        value: what the header has there; "" where nothing.
        labels: the classes that this allows.
    """

    keyword: str = ""
    value: str = ""
    labels: tuple[str, ...] = ()

    def opinion(self, label: str) -> Opinion:
        """How it stands to a class: "other" is a value that stands for none of the classes."""
        if not self.value:
            return "silent"
        if not self.labels:
            return "other"
        return "agrees" if label in self.labels else "disagrees"


def header_says(rule: HeaderRule, value: str) -> HeaderSays:
    """Reads an attribute's value by a rule; case and the words around don't matter."""
    if not rule.keyword:
        return HeaderSays()
    said = set(re.findall(r"[^\W_]+", value.casefold()))
    allowed = [name for name, words in rule.words if said & {word.casefold() for word in words}]
    return HeaderSays(rule.keyword, value.strip(), tuple(allowed))
