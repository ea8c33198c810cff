"""How well labelled questions are answered must not fall: a sample of what `bench.search_quality` measures in full."""

import pytest
from bench import labelled, search_quality


@pytest.mark.skipif(not labelled.present(), reason="the labelled queries (../shared/data/retrieval) are not there")
def test_labelled_questions_find_their_tools_as_well_as_ever():
    sets = [search_quality.scores(name, every=search_quality.SAMPLE) for name in labelled.names()]
    macro = search_quality.macro(sets)
    assert macro["nDCG@10"] >= search_quality.RECORDED_SAMPLE - search_quality.SLACK
    assert macro["empty"] == 0
