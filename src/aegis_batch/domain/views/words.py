"""The words in the names of tables and columns, whatever they are joined by."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

__all__ = ["listed", "score", "words_of"]


def listed(words: str) -> frozenset[str]:
    """Return the words of a list that is written as one text."""
    return frozenset(words.split())


_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
# In which names that have lost their capitals, such as orderdate, are taken apart.
_KNOWN = listed(
    """amount at cent centavo count created customer data date descricao desconto detail discount
    each entry id invoice item iten line linha name nome order pedido placed preco price product
    produto purchase qtd qtde qty quantidade quantity row sale sold status time total track unit
    unitario valor venda"""
)
_SAME = {"iten": "item", "cents": "cent", "centavos": "centavo"}
_KEEP_LAST_S = ("ss", "us", "is")
_LETTERS_MIN = 3


def words_of(name: str) -> frozenset[str]:
    """Return the words of a name in lower case, in the singular, and without accents."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", name)
        if not unicodedata.combining(character)
    )
    words: set[str] = set()
    for part in _PARTS.findall(plain):
        word = part.lower()
        words.update(_taken_apart(word) or [_singular(word)])
    return frozenset(_SAME.get(word, word) for word in words)


def score(words: frozenset[str], good: Mapping[str, int], bad: Iterable[str] = ()) -> int:
    """Return how well words tell a meaning; 0 where they don't.

    ``good`` has points for one or several words that must all be there; the best of them counts.
    One of the ``bad`` words, which tell of something else, outweighs any.
    """
    if not words.isdisjoint(bad):
        return 0
    return max(
        (points for need, points in good.items() if words.issuperset(need.split())), default=0
    )


def _singular(word: str) -> str:
    if len(word) <= _LETTERS_MIN or not word.endswith("s") or word.endswith(_KEEP_LAST_S):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


def _taken_apart(word: str) -> list[str]:
    """Return the known words that a word is made of; none where anything is left over."""
    if _singular(word) in _KNOWN:
        return [_singular(word)]
    for length in range(len(word) - 1, 1, -1):
        if word[:length] in _KNOWN:
            rest = _taken_apart(word[length:])
            if rest:
                return [word[:length], *rest]
    return []
