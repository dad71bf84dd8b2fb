"""Text for the `topics` model: the data-set descriptions that ship inside scikit-learn.

scikit-learn carries one reStructuredText page per data set. This module turns the pages into
plain sentences; the label of a sentence is the name of the data set its page describes.
"""

import re
from importlib.resources import files

PAGES = {
    "breast_cancer": "breast cancer",
    "california_housing": "california housing",
    "digits": "digits",
    "iris": "iris",
    "kddcup99": "kdd cup 99",
    "lfw": "labeled faces",
    "olivetti_faces": "olivetti faces",
    "rcv1": "rcv1",
    "species_distributions": "species distributions",
    "twenty_newsgroups": "20 newsgroups",
    "wine_data": "wine",
}
"""Page in `sklearn/datasets/descr` -> label. Pages with fewer than seven sentences are left out."""

WORD = r"[a-z]{3,}"
"""What counts as a word in lower-cased text. The tokenizer inside the ONNX graph uses it too."""

MIN_WORDS = 5
"""Fragments with fewer words than this are left out."""

_BACK_MATTER = re.compile(r"^\.\. (?:rubric::|dropdown:: References)", re.MULTILINE)
_BLOCK_END = re.compile(r"\n\s*\n")
_NOT_PROSE = re.compile(r"^\s*(?:>>>|\.\. )|={4}|-{4}", re.MULTILINE)
_LIST_ITEM = re.compile(r"\n(?=\s*(?:[-*] |:[A-Z]))")
_FIELD = re.compile(r"\s*:[A-Z]")
_SENTENCE_END = re.compile(r"(?<=[a-z0-9)\]\"'][.!?])\s+(?=[A-Z\"(])")
_MARKUP = (
    (re.compile(r"`([^`<]+?)\s*<[^>]*>`_+"), r"\1"),  # `text <link>`_
    (re.compile(r":[\w:]+:`~?([^`]*)`"), r"\1"),  # :func:`name`
    (re.compile(r"https?://[^\s\])>]+"), ""),
    (re.compile(r"\s*\[\w+\]_"), ""),  # [1]_
    (re.compile(r"`+([^`]*)`+_*"), r"\1"),  # ``literal`` or `target`_
    (re.compile(r"\*\*([^*]+)\*\*"), r"\1"),
    (re.compile(r"^\s*[-*]\s+"), ""),  # bullet
    (re.compile(r"::$"), ":"),
)


def load_sentences() -> tuple[list[str], list[str]]:
    """Returns the sentences of all pages, in page order, and the label of each sentence."""
    sentences: list[str] = []
    labels: list[str] = []
    for page, label in PAGES.items():
        text = files("sklearn.datasets.descr").joinpath(f"{page}.rst").read_text("utf-8")
        found = split_page(text)
        sentences += found
        labels += [label] * len(found)
    return sentences, labels


def split_page(text: str) -> list[str]:
    """Splits a page into the sentences and longer list items of its description.

    References, doctests, tables, headings, directives and the form-like `:Field: value` lines are
    no sentences and are dropped.
    """
    sentences: list[str] = []
    description = _BACK_MATTER.split(text)[0]
    for block in _BLOCK_END.split(description):
        if _NOT_PROSE.search(block):
            continue
        for item in _LIST_ITEM.split(block):
            if not _FIELD.match(item):
                sentences += _SENTENCE_END.split(_plain(item))
    return [sentence for sentence in sentences if _count_words(sentence) >= MIN_WORDS]


def _plain(text: str) -> str:
    """Joins the lines of `text` and takes the markup away."""
    text = " ".join(text.split())
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return text.strip()


def _count_words(text: str) -> int:
    return len(re.findall(r"[a-z]{2,}", text.lower()))
