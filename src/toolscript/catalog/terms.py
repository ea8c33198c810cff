"""Text as search terms: split, lowered, stopped and stemmed.

Words split where a letter case, a digit-free separator or a script says so: `listHTTPServers` is `list http server`.
Scripts that write without spaces become overlapping pairs of characters. Stop lists, synonym groups and the stemmer are
the ones that were measured together with the weights in `index`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

from toolscript.catalog.stem import stem

_DOCUMENT_STOPS = """a an the i you he she it we they me him her us them my your his its our their this that these those
is are was were be been being am do does did done have has had having will would shall should may might must can could
of in on at to for from by with as into about and or if so than then what which who whom when where why how any all
just please there here"""

# What people put around a request, and what says nothing about the tool they want.
_REQUEST_STOPS = """also find give help helps know let lets like need needs show some tell use using want wants
allow allows"""

# Words for tools themselves: people put them around a request, and few tools are about them.
_FAINT = "tool function method endpoint api"

# What a tool does that takes something away or takes it back, and further words by which such a tool is asked for.
_UNDOING = """delete remove erase destroy cancel revoke disable detach purge drop clear reject stop abort suspend
unassign unarchive unban unblock unfollow uninstall unlike unlink unlock unmute unpin unpublish unregister unset unstar
unsubscribe undo"""
_ASKS_TO_UNDO = """ban block close deactivate discard end exit kill leave off quit rid terminate turn wipe without"""

_GROUPS = (
    "create add new make insert register post",
    "delete remove erase drop cancel clear",
    "get fetch retrieve read show view obtain lookup",
    "list enumerate browse all",
    "update edit modify change patch set adjust",
    "search find query look",
    "send post deliver notify email",
    "calculate compute determine",
    "convert transform translate",
    "book reserve schedule",
    "buy purchase order",
    "analyze evaluate assess",
    "play stream listen",
    "stop end terminate halt",
    "start begin launch run execute",
    "picture image photo",
    "movie film",
    "song track music",
    "cost price",
    "weather forecast",
    "file document",
    "user person people account",
    "message text sms chat",
    "repository repo",
    "issue ticket bug",
    "directory folder",
    "trip travel",
    "stock share",
    "job work career",
    "create generate",
    "url link",
    "environment env",
    "database db",
    "organization organisation org",
    "pr pull_request",
)

MAX_REMEMBERED = 200_000  # words; 20,000 labelled tools hold 24,000

DOCUMENT_STOPS = frozenset(_DOCUMENT_STOPS.split())
QUERY_STOPS = DOCUMENT_STOPS | frozenset(_REQUEST_STOPS.split())

FAINT = frozenset(stem(word) for word in _FAINT.split())
UNDOING = frozenset(stem(word) for word in _UNDOING.split())
ASKS_TO_UNDO = UNDOING | frozenset(stem(word) for word in _ASKS_TO_UNDO.split())

_word = re.compile(r"[^\W_]+")
_accent = re.compile("[\u0300-\u036f]+")
_hump = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_Parts = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]
"""What a word consists of: each part with its stem, and the stems of those that are no stop words."""

_remembered: dict[str, _Parts] = {}
"""Of words of documents."""

_written: set[str] = set()
"""All parts of remembered words, which is how people write them."""


@cache
def _unspaced() -> re.Pattern[str]:
    """Han, Hiragana, Katakana, Hangul, Thai, Lao, Khmer and Burmese: no spaces between words, or endings glued to them.

    Compiled at the first search for which it matters: it takes more than a millisecond.
    """
    return re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+")


def words(text: str) -> Iterator[tuple[str, str]]:
    """Each word of the text with its stem, in order, stop words included."""
    for word in _split(text):
        yield from _parts(word)[0]


def document_terms(text: str) -> list[str]:
    """The terms that a text is found by."""
    terms: list[str] = []
    get = _remembered.get
    for word in _split(text):
        terms += (get(word) or _remember(word))[1]
    return terms


def asked_words(text: str) -> list[tuple[str, str]]:
    """The words of a question with their stems: boilerplate and leftovers dropped, unless nothing else is there."""
    every = list(words(text))
    told = [(word, root) for word, root in every if (word not in QUERY_STOPS and len(word) > 1) or not word.isascii()]
    return told or every


def query_terms(text: str) -> list[str]:
    """The terms of a question, as `asked_words`."""
    return [root for _, root in asked_words(text)]


def is_written(word: str) -> bool:
    """Whether a word, in lower case, is part of a text that was read for an index."""
    return word in _written


def name_key(text: str) -> str:
    """The same for all spellings of a name: `deleteCustomer`, `delete_customer`, `Delete customers`."""
    return key_of(roots(text))


def key_of(stems: Iterable[str]) -> str:
    """The `name_key` of a name whose words have these stems."""
    return " ".join(sorted(stems))


def roots(text: str) -> set[str]:
    """The stems of a name's words, stop words included."""
    return {root for word in _split(text) for _, root in _parts(word)[0]}


def _split(text: str) -> list[str]:
    return _word.findall(text if text.isascii() else _plain(text))


def _plain(text: str) -> str:
    """The text without accents, and in one form of each character: people leave accents out."""
    parts = _accent.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", parts)


def _remember(word: str) -> _Parts:
    """The parts of a word of a document. Those of questions are not kept: their mistakes are not to be known words."""
    known = _parts(word)
    if len(_remembered) < MAX_REMEMBERED:
        _remembered[word] = known
        _written.update(lower for lower, _ in known[0])
    return known


def _parts(word: str) -> _Parts:
    known = _remembered.get(word)
    if known is not None:
        return known
    if word.islower() and word.isascii():  # most words are
        plain = word[:64]
        root = stem(plain)
        return ((plain, root),), () if plain in DOCUMENT_STOPS else (root,)
    lowered = [word] if word.islower() else [part.lower() for part in _hump.sub(" ", word).split()]
    parts = tuple(pair for part in lowered for pair in _stemmed(part[:64]))
    return parts, tuple(root for lower, root in parts if lower not in DOCUMENT_STOPS)


def _stemmed(word: str) -> Iterator[tuple[str, str]]:
    if word.isascii():
        yield word, stem(word)
        return
    position = 0
    for run in _unspaced().finditer(word):
        if run.start() > position:
            yield from _stemmed_plain(word[position : run.start()])
        text = run[0]
        for index in range(max(1, len(text) - 1)):
            yield text[index : index + 2], text[index : index + 2]
        position = run.end()
    if position < len(word):
        yield from _stemmed_plain(word[position:])


def _stemmed_plain(word: str) -> Iterator[tuple[str, str]]:
    yield word, stem(word)


@cache
def synonyms() -> dict[str, frozenset[str]]:
    """For each stem of a group the stems of its other words, and for two words (`pull request`) the pair."""
    found: dict[str, set[str]] = {}
    for group in _GROUPS:
        stems = {" ".join(root for _, root in words(member)) for member in group.split()}
        for root in stems:
            found.setdefault(root, set()).update(stems - {root})
    return {root: frozenset(others) for root, others in found.items()}
