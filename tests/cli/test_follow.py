"""The test of pages itself: it must see a page that says what is not so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.follow import blocks_of, follow, prints

PAGE = """# Page

```console
$ printf 'one\\ntwo %s\\n' "$((40 + 2))"
one
two …
$ zhuanche --help
…
│ serve … │
…
$ cat > note <<END
> kept
> END
```

## Later

```console
$ cat note; sleep 60 &
kept
```

### Below it

```console root
$ false
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a page on disk."""
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return path


def test_a_page_that_is_right_is_followed_to_its_end(page: Path, tmp_path: Path) -> None:
    """Blocks share a home, and nothing that a block left running outlives it."""
    first, second, _ = blocks_of(page)
    follow([first, second], tmp_path / "home")
    assert (tmp_path / "home" / "note").read_text() == "kept\n"
    assert [one for one in Path("/proc").glob("[0-9]*") if _runs_in(one, tmp_path / "home")] == []


def _runs_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except OSError:
        return False


def test_a_section_has_what_stands_below_it_and_a_block_its_mark(page: Path) -> None:
    """A test may follow one part, and choose by the mark."""
    assert [block.mark for block in blocks_of(page, "Later")] == ["", "root"]
    assert [block.mark for block in blocks_of(page, "Below it")] == ["root"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("$ echo one\ntwo", "instead of"),
        ("$ echo one", "instead of"),
        ("$ true\none", "instead of"),
        ("$ false", "ends with 1"),
        ("$ exit 0\n$ echo one\none", "ended early"),
    ],
)
def test_a_page_that_is_wrong_fails(said: str, told: str, tmp_path: Path) -> None:
    """Another word, a word too many, none at all, or a command that fails."""
    page = tmp_path / "page.md"
    page.write_text(f"```console\n{said}\n```\n")
    with pytest.raises(AssertionError, match=told):
        follow(blocks_of(page), tmp_path / "home")


def test_a_gap_stands_for_anything_within_its_line_and_alone_for_any_lines() -> None:
    """No more than that."""
    assert prints("a … c", "a b c\n")
    assert not prints("a … c", "a b\nb c\n")
    assert prints("…\nc", "a\nb\nc\n")
    assert prints("a\n…", "a\n")
    assert not prints("a\n…\nd", "a\nb\nc\n")
