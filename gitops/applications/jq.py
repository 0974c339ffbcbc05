"""Whether Argo CD can read an expression of `jqPathExpressions`.

Argo CD puts each into `del(...)`, parses and compiles that with github.com/itchyny/gojq, and shows ComparisonError
for the whole Application where that fails (util/argo/normalizers/diff_normalizer.go, NewIgnoreNormalizer).

Sources: gojq's grammar (parser.go.y) and tokens (lexer.go), compiler.go for functions and variables that are not
defined, and the list that its function `builtins` gives. Functions of jq itself that gojq lacks pass: a newer one may
have them. Nothing is evaluated here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gitops.applications.jq_tokens import ESCAPE, BadExpression, Tokens

_CONSTANTS = frozenset({"null", "true", "false"})
# Each with its precedence and whether it may not stand twice in a row.
_OPERATORS: dict[str, tuple[int, bool]] = {
    **dict.fromkeys(["="] + [f"{each}=" for each in ("|", "+", "-", "*", "/", "%", "//")], (2, True)),
    "or": (3, False),
    "and": (4, False),
    **dict.fromkeys(["==", "!=", "<", "<=", ">", ">="], (5, True)),
    "+": (6, False),
    "-": (6, False),
    "*": (7, False),
    "/": (7, False),
    "%": (7, False),
    "//": (1, False),
}
_DEEPEST = 100
_MOST = 4_000  # characters
_FUNCTIONS = (
    "IN INDEX JOIN abs acos acosh add all any arrays ascii ascii_downcase ascii_upcase asin asinh atan atan2 atanh "
    "booleans bsearch builtins capture cbrt ceil combinations contains copysign cos cosh date dateadd datesub debug "
    "del delpaths drem empty endswith env erf erfc error exp exp10 exp2 explode expm1 fabs fdim finites first "
    "flatten floor fma fmax fmin fmod format frexp from_entries fromdate fromdateiso8601 fromjson fromstream gamma "
    "get_search_list getpath gmtime group_by gsub halt halt_error has have_decnum have_literal_numbers hypot "
    "implode in index indices infinite input input_filename input_line_number inputs inside isempty isfinite "
    "isinfinite isnan isnormal isvalid iterables j0 j1 jn join keys keys_unsorted last ldexp length lgamma lgamma_r "
    "limit localtime log log10 log1p log2 logb ltrim ltrimstr map map_values match max max_by min min_by mktime "
    "modf modulemeta nan nearbyint nextafter nexttoward normals not now nth nulls numbers objects path paths pick "
    "pow pow10 range recurse recurse_down repeat reverse rindex rint round rtrim rtrimstr scalars scalb scalbln "
    "scan select setpath significand sin sinh skip sort sort_by split splits sqrt startswith stderr strflocaltime "
    "strftime strings strptime sub tan tanh test tgamma to_entries toarray todate todateiso8601 tojson tonumber "
    "tostream tostring transpose trim trimstr trunc truncate_stream type unique unique_by until utf8bytelength "
    "values walk while with_entries y0 y1 yn"
)
_KNOWN = frozenset(_FUNCTIONS.split())


def check_path(expression: str) -> None:
    """Raises `BadExpression` for one that cannot be compiled. What is too long or too deep to look at passes."""
    if len(expression) <= _MOST:
        _Parser(f"del({expression})").whole()


__all__ = ["BadExpression", "check_path"]


class _TooDeep(Exception):
    pass


class _Parser(Tokens):
    """A parser that keeps nothing but what is defined."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._names = set(_KNOWN)
        self._variables = {"$ENV", "$__loc__"}
        self._depth = 0

    def whole(self) -> None:
        try:
            self._query()
        except _TooDeep:
            return
        if self._kind:
            raise self._unexpected()

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _TooDeep
        yield
        self._depth -= 1

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """One level deeper; what is defined there is gone behind it."""
        with self._deeper():
            names, variables = set(self._names), set(self._variables)
            yield
            self._names, self._variables = names, variables

    # Queries

    def _query(self) -> None:
        with self._inside():
            while self._is("def"):
                self._definition()
            if self._take("label"):
                self._of("variable")
                self._need("|")
                self._query()
                return
            bound = self._expression(0)
            while not bound and self._take(","):
                bound = self._expression(0)
            if bound:
                self._need("|")
                self._query()
            elif self._take("|"):
                self._query()

    def _definition(self) -> None:
        self._need("def")
        name = self._of("name")
        names = {name}
        variables: set[str] = set()
        if self._take("("):
            while True:
                if self._kind == "variable":
                    variables.add(self._word)
                    names.add(self._word[1:])
                    self._advance()
                else:
                    names.add(self._of("name"))
                if not self._take(";"):
                    break
            self._need(")")
        self._need(":")
        with self._inside():
            self._names |= names
            self._variables |= variables
            self._query()
        self._need(";")
        self._names.add(name)

    def _expression(self, least: int) -> bool:
        """Terms with operators of at least this precedence; whether the last one was bound (`TERM as $x`), after
        which a pipe has to follow."""
        self._term()
        if self._take("as"):
            self._patterns()
            return True
        previous = 0
        while True:
            power, alone = _OPERATORS.get(self._word, (0, False)) if self._kind in ("sign", "keyword") else (0, False)
            if not power or power < least or (alone and previous == power):
                return False
            self._advance()
            # `//` groups to the right.
            if self._expression(power if self._word == "//" and power == 1 else power + 1):
                raise self._unexpected()
            previous = power if alone else 0

    def _patterns(self) -> None:
        self._pattern()
        while self._take("?//"):
            self._pattern()

    def _pattern(self) -> None:
        if self._kind == "variable":
            self._variables.add(self._word)
            self._advance()
        elif self._take("["):
            self._listed(self._pattern, "]")
        else:
            self._need("{")
            self._listed(self._member_pattern, "}")

    def _member_pattern(self) -> None:
        if self._kind == "variable":
            self._variables.add(self._word)
            self._advance()
            if not self._is(":"):
                return
        elif self._kind == "string":
            self._string()
        elif self._take("("):
            self._query()
            self._need(")")
        elif self._kind in ("name", "keyword"):
            self._advance()
        else:
            raise self._unexpected()
        self._need(":")
        self._pattern()

    def _listed(self, each: Callable[[], None], end: str) -> None:
        each()
        while self._take(","):
            each()
        self._need(end)

    # Terms

    def _term(self) -> None:
        """One term with what hangs on it."""
        with self._deeper():
            self._bare()
            while True:
                if self._kind == "index":
                    self._advance()
                elif self._take("["):
                    self._bracket()
                elif self._take("."):
                    self._behind_dot()
                elif not self._take("?"):
                    break

    def _behind_dot(self) -> None:
        if self._kind == "string":
            self._string()
        elif self._take("["):
            self._bracket()
        else:
            raise self._unexpected()

    def _bracket(self) -> None:
        if self._take("]"):
            return
        if self._take(":"):
            self._query()
        else:
            self._query()
            if self._take(":") and not self._is("]"):
                self._query()
        self._need("]")

    def _bare(self) -> None:
        kind, word = self._kind, self._word
        if kind in ("recurse", "index", "number"):
            self._advance()
        elif kind == "string":
            self._string()
        elif kind == "format":
            self._advance()
            if self._kind == "string":
                self._string()
        elif kind == "variable":
            if word not in self._variables and "::" not in word:
                raise BadExpression(f"there is no variable `{word}`")
            self._advance()
        elif kind == "name":
            self._call()
        elif kind == "keyword":
            self._keyword()
        elif self._take("."):
            if self._kind == "string" or self._is("["):
                self._behind_dot()
        elif self._take("("):
            self._query()
            self._need(")")
        elif self._take("["):
            if not self._take("]"):
                self._query()
                self._need("]")
        elif self._take("{"):
            self._object()
        elif self._take("-", "+"):
            self._term()
        else:
            raise self._unexpected()

    def _call(self) -> None:
        name = self._of("name")
        if name not in self._names and "::" not in name:
            raise BadExpression(f"there is no function `{name}`")
        if self._take("("):
            self._query()
            while self._take(";"):
                self._query()
            self._need(")")

    def _keyword(self) -> None:
        word = self._word
        if word in _CONSTANTS:
            self._advance()
        elif self._take("if"):
            self._query()
            self._need("then")
            self._query()
            while self._take("elif"):
                self._query()
                self._need("then")
                self._query()
            if self._take("else"):
                self._query()
            self._need("end")
        elif self._take("try"):
            self._term()
            if self._take("catch"):
                self._term()
        elif self._take("reduce", "foreach"):
            self._term()
            self._need("as")
            with self._inside():
                self._patterns()
                self._need("(")
                self._query()
                self._need(";")
                self._query()
                if word == "foreach" and self._take(";"):
                    self._query()
                self._need(")")
        elif self._take("break"):
            self._of("variable")
        else:
            raise self._unexpected()

    def _object(self) -> None:
        while not self._is("}"):
            simple = self._kind in ("name", "keyword", "variable", "string")
            if self._kind == "string":
                self._string()
            elif simple or self._kind in ("number", "format"):
                self._advance()
            else:
                self._need("(")
                self._query()
                self._need(")")
                simple = False
            if self._take(":"):
                self._term()
                while self._take("|"):
                    self._term()
            elif not simple:
                raise self._unexpected()
            if not self._take(","):
                break
        self._need("}")

    def _string(self) -> None:
        """A string from its opening quote on, with the queries that stand in it."""
        self._at += 1
        while True:
            if self._at >= len(self._text):
                raise BadExpression("a text in it is not closed")
            char = self._text[self._at]
            if char == '"':
                self._at += 1
                break
            if self._text.startswith("\\(", self._at):
                self._at += 2
                self._advance()
                self._query()
                if not self._is(")"):
                    raise self._unexpected()
                continue
            escape = ESCAPE.match(self._text, self._at)
            if char == "\\" and escape is None:
                raise BadExpression(f"a text in it has `{self._text[self._at : self._at + 2]}`")
            self._at = escape.end() if escape else self._at + 1
        self._advance()
