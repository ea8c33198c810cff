"""Stems of English words: `listing`, `listed` and `lists` are `list`.

The Porter2 algorithm as Snowball publishes it (english.sbl, 3.1), written for Python: five times as fast as the code
that Snowball generates. A test compares both. Words come in lower case and have no apostrophe.

1. R1 begins after the first consonant that follows a vowel, R2 is the same within R1. Most endings go only if they
   lie there.
2. A `Y` is a y that is a consonant: the first letter, or after a vowel.
"""

from __future__ import annotations

import re
from collections.abc import Container

_VOWELS = frozenset("aeiouy")
_NO_SHORT_END = frozenset("aeiouywxY")
_BEFORE_LI = frozenset("cdeghkmnrt")
_DOUBLES = frozenset({"bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt"})

_WHOLE = {
    **{word: word for word in ("andes", "atlas", "bias", "cosmos", "howe", "news", "sky")},
    **{"skis": "ski", "skies": "sky", "idly": "idl", "gently": "gentl"},
    **{"ugly": "ugli", "early": "earli", "only": "onli", "singly": "singl"},
}
_KEPT_BEFORE_ING = frozenset({"even", "cann", "inn", "earr", "herr", "out"})
_KEPT_BEFORE_EED = frozenset({"succ", "proc", "exc"})

_STEP_2 = {
    **{"tional": "tion", "enci": "ence", "anci": "ance", "abli": "able", "entli": "ent", "izer": "ize"},
    **{"ization": "ize", "ational": "ate", "ation": "ate", "ator": "ate", "alism": "al", "aliti": "al", "alli": "al"},
    **{"fulness": "ful", "ousli": "ous", "ousness": "ous", "iveness": "ive", "iviti": "ive", "biliti": "ble"},
    **{"bli": "ble", "ogi": "og", "ogist": "og", "fulli": "ful", "lessli": "less", "li": ""},
}
_STEP_3 = {
    **{"tional": "tion", "ational": "ate", "alize": "al", "icate": "ic", "iciti": "ic", "ical": "ic"},
    **{"ful": "", "ness": "", "ative": ""},
}
_STEP_4 = frozenset(  # words are easier to read than a list of literals
    "al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion".split()  # noqa: SIM905
)
_TAILS = frozenset(ending[-2:] for ending in (*_STEP_2, *_STEP_3, *_STEP_4))
_region = re.compile("[^aeiouy]*[aeiouy]+[^aeiouy]")
_odd_region = re.compile("arsen|commun|emerg|gener|inter|later|organ|past|univers")


def stem(word: str) -> str:
    """The stem of a word in lower case."""
    if len(word) < 3:  # noqa: PLR2004 - as the algorithm says
        return word
    whole = _WHOLE.get(word)
    if whole is not None:
        return whole
    if "y" in word:
        word = _marked(word)
    first = _odd_region.match(word) or _region.match(word)
    r1 = first.end() if first else len(word)
    second = _region.match(word, r1)
    r2 = second.end() if second else len(word)
    word = _without_ed(_without_s(word), r1)
    if word[-1] in "yY" and len(word) > 2 and word[-2] not in _VOWELS:  # noqa: PLR2004
        word = word[:-1] + "i"
    word = _shortened(word, r1, r2)
    return word.replace("Y", "y")


def _marked(word: str) -> str:
    letters = list(word)
    for place, letter in enumerate(letters):
        if letter == "y" and (place == 0 or letters[place - 1] in _VOWELS):
            letters[place] = "Y"
    return "".join(letters)


def _without_s(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]  # noqa: PLR2004
    if word[-1] == "s" and not word.endswith(("us", "ss")) and _has_vowel(word[:-2]):
        return word[:-1]
    return word


def _without_ed(word: str, r1: int) -> str:
    for ending in ("eedly", "eed"):
        if word.endswith(ending):
            rest = word[: -len(ending)]
            return rest + "ee" if len(rest) >= r1 and rest not in _KEPT_BEFORE_EED else word
    for ending in ("ingly", "edly", "ing", "ed"):
        if word.endswith(ending):
            break
    else:
        return word
    rest = word[: -len(ending)]
    if ending == "ing":
        if rest in _KEPT_BEFORE_ING:
            return word
        if len(rest) == 2 and rest[1] == "y" and rest[0] not in _VOWELS:  # noqa: PLR2004 - dying is die
            return rest[0] + "ie"
    if not _has_vowel(rest):
        return word
    end = rest[-2:]
    if end in ("at", "bl", "iz"):
        return rest + "e"
    if end in _DOUBLES:
        return rest if len(rest) == 3 and rest[0] in "aeo" else rest[:-1]  # noqa: PLR2004
    return rest + "e" if len(rest) == r1 and _ends_short(rest) else rest


def _shortened(word: str, r1: int, r2: int) -> str:
    """The steps 2 to 5: of the endings of a step the longest counts, even if it is to stay."""
    ending = _ending(word, _STEP_2)
    at = len(word) - len(ending)
    if ending and at >= r1:
        before = word[at - 1 : at]
        if not (ending == "ogi" and before != "l") and not (ending == "li" and before not in _BEFORE_LI):
            word = word[:at] + _STEP_2[ending]
    ending = _ending(word, _STEP_3)
    at = len(word) - len(ending)
    if ending and at >= (r2 if ending == "ative" else r1) and at >= r1:
        word = word[:at] + _STEP_3[ending]
    ending = _ending(word, _STEP_4)
    at = len(word) - len(ending)
    if ending and at >= r2 and (ending != "ion" or word[at - 1 : at] in ("s", "t")):
        word = word[:at]
    rest = word[:-1]
    if word[-1:] == "e" and (len(rest) >= r2 or (len(rest) >= r1 and not _ends_short(rest))):
        return rest
    return rest if word[-2:] == "ll" and len(rest) >= r2 else word


def _ending(word: str, endings: Container[str]) -> str:
    """The longest of the endings that a word has."""
    if word[-2:] not in _TAILS:  # as with most words
        return ""
    for size in (7, 6, 5, 4, 3, 2):
        end = word[-size:]
        if end in endings:
            return end
    return ""


def _ends_short(word: str) -> bool:
    """Whether a word ends in a short syllable: `rap`, `trap`, `ow`, but not `uproot` or `bestow`."""
    if len(word) == 2:  # noqa: PLR2004
        return word[0] in _VOWELS and word[1] not in _VOWELS
    short = word[-1:] not in _NO_SHORT_END and word[-2:-1] in _VOWELS and word[-3:-2] not in _VOWELS
    return (short and len(word) > 2) or word.endswith("past")  # noqa: PLR2004


def _has_vowel(word: str) -> bool:
    return not _VOWELS.isdisjoint(word)
