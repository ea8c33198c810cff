"""Search with a user's own model: fusion, what is kept, and what happens when the model fails."""

import asyncio
import logging
import math
import zlib

import pytest
from tests.decisions.catalogs import large, small, tool

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.fusion import fused, text_of
from toolscript.catalog.search import EXACT, Found, Hit, search
from toolscript.errors import ConfigError
from toolscript.runtime.rerank import Rerank

SMALL = small()
LARGE = large(500, 5)


def hit(path, score):
    return Hit(path=path, signature=path, outline=path, summary="", effect="read", score=score)


def found(*pairs):
    return Found(hits=tuple(hit(path, score) for path, score in pairs), total=len(pairs))


def order(answer):
    return [each.path for each in answer.hits]


class Characters:
    """A toy embedding: how often each run of three characters occurs."""

    def __init__(self):
        self.embedded = []

    async def __call__(self, texts):
        self.embedded += texts
        return [self.vector(text.lower()) for text in texts]

    @staticmethod
    def vector(text):
        parts = [0.0] * 512
        for at in range(len(text) - 2):
            parts[zlib.crc32(text[at : at + 3].encode()) % 512] += 1
        parts[0] += 0.01
        return parts


def test_both_orders_count_by_their_scores():
    answer = found(("a.a", 30.0), ("a.b", 29.0), ("a.c", 10.0))
    assert order(fused(answer, [0.0, 0.9, 1.0], weight=0.25)) == ["a.b", "a.a", "a.c"]
    assert order(fused(answer, [0.0, 0.9, 1.0], weight=0)) == ["a.a", "a.b", "a.c"]
    assert order(fused(answer, [0.0, 0.9, 1.0], weight=1)) == ["a.c", "a.b", "a.a"]


def test_scores_in_any_unit_count_the_same():
    answer = found(("a.a", 30.0), ("a.b", 29.0), ("a.c", 10.0))
    assert fused(answer, [-5, 4, 5]) == fused(answer, [0, 900, 1_000])


def test_an_exact_name_and_unscored_tools_stay_where_they_are():
    answer = found(("a.exact", EXACT * 2), ("a.b", 20.0), ("a.c", 19.0), ("a.d", 18.0))
    assert order(fused(answer, [0.0, 0.0, 1.0], weight=0.6)) == ["a.exact", "a.c", "a.b", "a.d"]
    assert order(fused(answer, [1.0])) == order(answer)
    assert order(fused(answer, [])) == order(answer)


def test_equal_scores_keep_the_lexical_order():
    answer = found(("a.a", 20.0), ("a.b", 20.0), ("a.c", 20.0))
    assert order(fused(answer, [1.0, 1.0, 1.0])) == ["a.a", "a.b", "a.c"]


@pytest.mark.parametrize("scores", [[math.nan, 1.0], [math.inf, 1.0], [1.0, 2.0, 3.0]])
def test_scores_that_cannot_be_are_refused(scores):
    with pytest.raises(ValueError, match=r"score"):
        fused(found(("a.a", 2.0), ("a.b", 1.0)), scores)


def test_the_text_of_a_tool_has_its_names_and_what_it_says():
    text = text_of(tool("hub.create_issue", "Open a new issue", {"title": {"type": "string"}}))
    assert text == "hub create_issue: Open a new issue\nparameters: title"


async def test_an_embedding_lifts_what_is_spelt_alike():
    catalog = Catalog.empty().replace(
        "x", [tool("x.a", "Handle payments"), tool("x.b", "Handle prepayment"), tool("x.c", "Handle it")]
    )
    assert order(search(catalog, "handle prepayments now"))[0] == "x.b"
    query = "handle repayments"
    assert order(search(catalog, query))[0] == "x.c"
    assert order(await Rerank(embed=Characters(), weight=0.8).search(catalog, query))[0] in ("x.a", "x.b")


async def test_a_tool_is_embedded_once():
    embed = Characters()
    rerank = Rerank(embed=embed)
    first = await rerank.search(LARGE, "export report")
    count = len(embed.embedded)
    assert count == 51  # the question and fifty tools
    assert await rerank.search(LARGE, "export report") == first
    assert len(embed.embedded) == count
    await rerank.search(LARGE, "export reports")
    assert len(embed.embedded) == count + 1


async def test_a_score_is_asked_for_once():
    asked = []

    async def score(query, texts):
        asked.append((query, len(texts)))
        return [float("ticket" in text) for text in texts]

    rerank = Rerank(score=score, weight=0.9)
    first = await rerank.search(LARGE, "export ticket report")
    assert "ticket" in first.hits[0].path
    await rerank.search(LARGE, "export ticket report")
    assert asked == [("export ticket report", 50)]


async def test_pages_of_a_reranked_answer_do_not_overlap():
    rerank = Rerank(embed=Characters())
    pages = [await rerank.search(LARGE, "export the report", limit=20, offset=at) for at in (0, 20, 40, 60)]
    every = [path for page in pages for path in order(page)]
    assert len(set(every)) == len(every) == 80


async def test_each_of_several_questions_is_reranked():
    rerank = Rerank(embed=Characters())
    both = await rerank.search(LARGE, ["export report", "delete customer"], limit=2)
    firsts = [order(await rerank.search(LARGE, one, limit=1))[0] for one in ("export report", "delete customer")]
    assert order(both) == firsts


@pytest.mark.parametrize(
    "answer", [ValueError("no such model"), [1.0], [math.nan, 1.0, 2.0], ["x", "y", "z"], None, [[0.0], [0.0], [0.0]]]
)
@pytest.mark.parametrize("kind", ["score", "embed"])
async def test_a_model_that_fails_leaves_the_lexical_order(answer, kind, caplog):
    async def model(*args):
        if isinstance(answer, Exception):
            raise answer
        return answer

    caplog.set_level(logging.WARNING)
    assert await Rerank(**{kind: model}).search(SMALL, "list issues") == search(SMALL, "list issues")
    assert "reranking failed, the order is that of words alone" in caplog.text


async def test_a_model_that_takes_too_long_is_not_waited_for(caplog):
    async def score(query, texts):
        await asyncio.Event().wait()

    caplog.set_level(logging.WARNING)
    assert await Rerank(score=score, timeout_s=0.01).search(SMALL, "list issues") == search(SMALL, "list issues")
    assert "TimeoutError" in caplog.text


async def test_leaving_a_search_leaves_its_model_too():
    left = asyncio.Event()

    async def score(query, texts):
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    task = asyncio.create_task(Rerank(score=score).search(SMALL, "list issues"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left.is_set()


async def test_answers_without_a_question_are_those_of_search():
    rerank = Rerank(embed=Characters())
    assert await rerank.search(SMALL, "") == search(SMALL, "")
    assert await rerank.search(SMALL, "", namespace="hub") == search(SMALL, "", namespace="hub")
    assert await rerank.search(SMALL, "x", namespace="nope") == search(SMALL, "x", namespace="nope")


def test_a_rerank_has_one_model_and_a_weight_that_is_a_part():
    async def model(*args):
        return []

    for wrong in ({}, {"score": model, "embed": model}, {"score": model, "weight": 1.5}):
        with pytest.raises(ConfigError):
            Rerank(**wrong)
