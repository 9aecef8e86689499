"""Which comment belongs to which node: handed out while the tree is built, each comment exactly once.

A comment at the end of a line belongs to what ends there (a comma in between does not count); every other comment
belongs to what starts after it. What fits nowhere goes to the innermost node around it that can carry comments.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from p2lang.ast import Comments
from p2lang.parser.lexer import Tokens


@dataclass(frozen=True, slots=True)
class _Comment:
    text: str
    start: int
    end: int
    anchor: int  # the token it stands behind on its line, or -1
    before: int  # the token after it


@dataclass(slots=True)
class Margin:
    """The comments of a text that no node has claimed yet, by the token after them and by the one they stand behind."""

    tokens: Tokens
    before: dict[int, list[_Comment]] = field(default_factory=dict)
    anchored: dict[int, _Comment] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, tokens: Tokens) -> Margin:
        """Collect the comments of the tokens' text."""
        margin = cls(tokens)
        for span in tokens.comments:
            previous = tokens.at(span.start)
            anchor = margin._anchor(previous, span.start)
            text = tokens.text[span.start : span.end]
            comment = _Comment(text, span.start, span.end, anchor, previous + 1)
            margin.before.setdefault(previous + 1, []).append(comment)
            if anchor >= 0:
                margin.anchored[anchor] = comment
        margin.places = list(margin.before)
        return margin

    def _anchor(self, previous: int, start: int) -> int:
        tokens = self.tokens
        if previous < 0 or "\n" in tokens.text[tokens.ends[previous] : start]:
            return -1
        comma = (
            tokens.kinds[previous] == "COMMA"
            and previous
            and tokens.same_line(previous - 1, previous)
        )
        anchor = previous - 1 if comma else previous
        return -1 if anchor in self.anchored else anchor

    def above(self, first: int, last: int) -> Comments:
        """Claim the comments above a node and those lost inside it; blank lines between them are kept."""
        if not self.places:
            return ()
        return self._claim(self._between(first, last), first)

    def above_step(self, first: int, last: int) -> Comments:
        """Claim like `above`, but leave what stands at the end of the line before: it is the flow's head's."""
        if not self.places:
            return ()
        found = [c for c in self._between(first, last) if c.before > first or c.anchor < 0]
        return tuple(text for text in self._claim(found, first) if text)

    def dangling(self, closer: int) -> Comments:
        """Claim the comments between the last thing in brackets and the closing bracket (or the end)."""
        found = list(self.before.get(closer, ()))
        if not found:
            return ()
        claimed = self._claim(found, closer)
        while claimed and not claimed[-1]:
            claimed = claimed[:-1]
        blank = found[0].anchor < 0 and self.blank_before(closer)
        return ("", *claimed) if blank else claimed

    def behind(self, last: int) -> str:
        """Claim the comment at the end of the line on which a node ends."""
        comment = self.anchored.get(last)
        if comment is None:
            return ""
        self._take([comment])
        return comment.text

    def header(self, first: int, last: int) -> Comments:
        """Claim the comments above the edition line, blank lines at their end left out."""
        claimed = self.above(first, last)
        return claimed[:-1] if claimed and not claimed[-1] else claimed

    def blank_before(self, first: int) -> bool | None:
        """Tell whether a blank line is above a node and its comments; None when it does not start its line."""
        if first == 0:
            return None
        tokens = self.tokens
        gap = tokens.text[tokens.ends[first - 1] : tokens.starts[first]]
        if "\n" not in gap:
            return None
        if gap.lstrip(" \t\r").startswith("#"):
            gap = gap[gap.index("\n") :]
        before, _, _ = gap.partition("#")
        return before.count("\n") > 1

    def _between(self, first: int, last: int) -> list[_Comment]:
        found: list[_Comment] = []
        for place in range(bisect_left(self.places, first), len(self.places)):
            token = self.places[place]
            if token > last:
                break
            found += self.before.get(token, ())
        return found

    def _take(self, found: list[_Comment]) -> None:
        taken = {id(comment) for comment in found}
        for token in {comment.before for comment in found}:
            self.before[token] = [c for c in self.before[token] if id(c) not in taken]
        for comment in found:
            self.anchored.pop(comment.anchor, None)

    def _claim(self, found: list[_Comment], first: int) -> Comments:
        if not found:
            return ()
        self._take(found)
        out: list[str] = []
        for comment, following in zip(found, [*(c.start for c in found[1:]), None], strict=True):
            out.append(comment.text)
            stop = self.tokens.starts[first] if following is None else following
            if comment.end <= stop and self._blank_between(comment.end, stop):
                out.append("")
        return tuple(out)

    def _blank_between(self, start: int, end: int) -> bool:
        gap = self.tokens.text[start:end]
        return gap.count("\n") > 1 and not gap.strip()
