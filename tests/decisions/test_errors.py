"""Failures as people and models read them."""

from toolscript.errors import MAX_SOURCE_CHARS, ConfigError, Failure, Fault, GuestError, ToolError, error_of


def failure(source: str, column: int | None, line: int = 3) -> Failure:
    return Failure(kind="guest", code="thrown", name="TypeError", message="no", line=line, column=column, source=source)


def test_the_caret_stands_under_the_column():
    assert str(failure("\tconst x = y.z", 12)) == (
        "TypeError: no\n  at line 3, column 12\n  3 | \tconst x = y.z\n      \t          ^"
    )


def test_a_failure_without_a_place_is_one_line():
    assert str(Failure(kind="tool", code="tool", name="ToolError", message="")) == "ToolError"


def test_of_a_long_line_the_part_around_the_column_is_shown():
    source = "a" * 5_000 + "!" + "b" * 5_000
    for column in (1, 5_001, 10_001):
        *_, shown, caret = str(failure(source, column)).split("\n")
        assert len(shown) <= MAX_SOURCE_CHARS + 10
        assert (shown + " ")[caret.index("^")] == (source + " ")[column - 1]


def test_each_kind_of_failure_has_its_exception():
    kinds = {"guest": GuestError, "tool": ToolError, "fault": Fault}
    for kind, error in kinds.items():
        made = error_of(Failure(kind=kind, code="fault", name="X", message="said"))
        assert type(made) is error
        assert "said" in str(made)


def test_a_tool_error_is_made_of_words_alone():
    error = ToolError("not today")
    assert (error.failure.kind, error.failure.message) == ("tool", "not today")
    assert not isinstance(error, ConfigError)
