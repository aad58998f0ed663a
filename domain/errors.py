"""Faults a rule can find in what it is asked, each a class with a stable code.

The docstring of each class is the English sentence shown to people, `zh` the Chinese one. No HTTP status
stands here: `api.errors` holds the one table from code to status.
"""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """The request cannot be carried out."""

    code: ClassVar[str] = "domain-error"
    zh: ClassVar[str] = "请求无法执行。"

    def __init__(self, message: str | None = None, **detail: Any) -> None:
        """Keep `detail`, plain JSON values that tell what was wrong, beside the sentence."""
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])
        self.message = message
        self.detail = detail

    @classmethod
    def sentence(cls, language: str) -> str:
        """Return the sentence for people: `language` is "zh" or "en"."""
        return cls.zh if language == "zh" else (cls.__doc__ or "").strip().splitlines()[0]

    def detail_in(self, language: str) -> dict[str, Any]:
        """Return the detail for people who read that language; most details are the same in both."""
        del language
        return self.detail


class InvalidInput(DomainError):
    """A value in the request is not one this service can take."""

    code = "invalid-input"
    zh = "请求中的某个值无法接受。"


class NotFound(DomainError):
    """There is no such thing in this bureau."""

    code = "not-found"
    zh = "本局没有这个对象。"


class Forbidden(DomainError):
    """Your roles do not allow this."""

    code = "forbidden"
    zh = "您的角色不允许此操作。"


class StateConflict(DomainError):
    """The thing is not in a state that allows this act."""

    code = "state-conflict"
    zh = "当前状态不允许此操作。"
