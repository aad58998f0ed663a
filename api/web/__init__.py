"""Pages that the service itself draws: what they show is made here, how it looks stands in `templates`."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "templates"
