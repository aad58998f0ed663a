"""Hands on a keyboard that count: what docs/workplaces.md says of keys and pages is asserted by the tests they do."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.async_api import Frame, Page


@dataclass
class Hands:
    """Somebody who never touches a mouse. `keys` leaves out the signs of texts, which count in `signs`."""

    page: Page
    keys: int = 0
    signs: int = 0
    fields: int = 0
    pages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Count the pages that are gone through, the first one too."""
        self.pages.append(self.page.url)
        self.page.on("framenavigated", self._went)

    def _went(self, frame: Frame) -> None:
        if frame is self.page.main_frame and frame.url != self.pages[-1]:
            self.pages.append(frame.url)

    async def press(self, key: str, times: int = 1) -> None:
        """Press a key, or keys held together, once or several times."""
        for _ in range(times):
            await self.page.keyboard.press(key)
            self.keys += 1

    async def write(self, text: str) -> None:
        """Write a text into the field that has the focus."""
        await self.page.keyboard.type(text)
        self.signs += len(text)
        self.fields += 1
