"""What people call themselves, made safe to show and to store.

A nickname may hold anything: control characters, broken UTF-8, characters that turn the text
around, towers of combining marks. It never identifies anybody.
"""

import unicodedata

LONGEST = 64
#: And so many code points, which is what a column of the database counts.
LONGEST_STORED = 255
_MARKS_PER_LETTER = 3
_CODE_POINTS_PER_CLUSTER = 12
_JOINER = "\u200d"
_NON_JOINER = "\u200c"
# Emoji are built with a joiner, Persian needs the non-joiner; the other invisible ones only harm.
_KEPT_FORMATS = frozenset({_JOINER, _NON_JOINER})
_MARKS = frozenset({"Mn", "Me", "Mc"})
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co"})
_SKIN_TONES = frozenset(chr(point) for point in range(0x1F3FB, 0x1F400))


def clean_nickname(raw: str) -> str:
    """Return the nickname in NFC, of at most 64 visible characters; perhaps empty.

    It has at most 255 code points, and is cut between two visible characters.
    """
    # Two halves of a surrogate pair that arrived apart make one character again; one alone goes.
    whole = raw.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    spaced = (" " if character.isspace() else character for character in whole)
    kept = "".join(character for character in spaced if _is_kept(character))
    # Composing comes last before cutting: dropping a character can bring a mark to a new letter.
    clusters = _clusters(unicodedata.normalize("NFC", " ".join(kept.split())))
    return _join(clusters[:LONGEST]).strip(f" {_JOINER}{_NON_JOINER}")


def _is_kept(character: str) -> bool:
    return character in _KEPT_FORMATS or unicodedata.category(character) not in _DROPPED


def _clusters(text: str) -> list[str]:
    """Split into what a reader counts as characters, each shortened to a bearable size."""
    clusters: list[str] = []
    marks = 0
    for character in text:
        is_mark = unicodedata.category(character) in _MARKS
        marks = marks + 1 if is_mark else 0
        if marks > _MARKS_PER_LETTER:
            continue
        if clusters and (is_mark or _continues(clusters[-1], character)):
            if len(clusters[-1]) < _CODE_POINTS_PER_CLUSTER:
                clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _join(clusters: list[str]) -> str:
    joined = ""
    for cluster in clusters:
        if len(joined) + len(cluster) > LONGEST_STORED:
            break
        joined += cluster
    return joined


def _continues(cluster: str, character: str) -> bool:
    joined = cluster.endswith(_JOINER) and character != " "
    return joined or character in _KEPT_FORMATS or character in _SKIN_TONES
