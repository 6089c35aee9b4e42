"""The recipes as an operator copies them: commands and blocks of settings, out of docs/recipes."""

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from tests.servers import ROOT

FOLDER = ROOT / "docs" / "recipes"
INDEX = FOLDER / "README.md"
#: Where this service is, in every recipe, and what `flask application create` shows.
OUR_URL = "https://login.example.com"
CLIENT_ID = "YOUR-CLIENT-ID"
CLIENT_SECRET = "YOUR-CLIENT-SECRET"
CREATE = ["flask", "application", "create"]


@dataclass(frozen=True)
class Block:
    """Some lines between fences."""

    language: str
    text: str


@dataclass(frozen=True)
class Recipe:
    """One page."""

    path: Path

    @property
    def name(self) -> str:
        """What the page is called."""
        return self.path.stem

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        """All blocks, in the order of the page."""
        found = re.findall(r"^```(\w+)\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)
        return [Block(language, text) for language, text in found]

    def get_block(self, language: str, part: str = "") -> str:
        """Return the page's first block in this language that has this part."""
        return next(b.text for b in self.blocks if b.language == language and part in b.text)

    @property
    def headings(self) -> list[str]:
        return re.findall(r"^## (.+)$", self.text, re.MULTILINE)

    @cached_property
    def command(self) -> list[str]:
        """The words of the command that creates the application, after `flask`."""
        # Unlike a shell, shlex keeps the end of a line that a backslash continues.
        words = shlex.split(self.get_block("sh", shlex.join(CREATE)).replace("\\\n", " "))
        assert words[: len(CREATE)] == CREATE
        return words[1:]

    def get_options(self, option: str) -> list[str]:
        """Return the values that the command gives to an option."""
        words = self.command
        return [words[place + 1] for place, word in enumerate(words) if word == option]

    @property
    def url(self) -> str:
        """Where the program is, in this recipe."""
        found = re.match(r"https://[^/]+", self.get_options("--redirect-uri")[0])
        assert found
        return found[0]


@dataclass(frozen=True)
class Setup:
    """What stands for the examples of a page where it is run."""

    recipe: Recipe
    our_url: str
    #: Where the program is.
    url: str
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET

    def fill(self, text: str) -> str:
        """Return what an operator makes of a block."""
        for said, meant in (
            (OUR_URL, self.our_url),
            (self.recipe.url, self.url),
            (quote(self.recipe.url, safe=""), quote(self.url, safe="")),
            (CLIENT_ID, self.client_id),
            (CLIENT_SECRET, self.client_secret),
        ):
            text = text.replace(said, meant)
        return text

    def get_block(self, language: str, part: str = "") -> str:
        """Return a block of the page, filled in."""
        return self.fill(self.recipe.get_block(language, part))


RECIPES = [Recipe(path) for path in sorted(FOLDER.glob("*.md")) if path != INDEX]


def get(name: str) -> Recipe:
    """Return the recipe for a program."""
    return next(recipe for recipe in RECIPES if recipe.name == name)
