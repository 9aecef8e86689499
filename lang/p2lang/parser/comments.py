"""Which comment belongs to which node: handed out while the tree is built, each comment exactly once.

A comment at the end of a line belongs to what ends there (a comma in between does not count); every other comment
belongs to what starts after it. What fits nowhere goes to the innermost node around it that can carry comments.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from p2lang.ast import Comments
from p2lang.parser.lexer import Tokens


@dataclass(slots=True)
class _Comment:
    text: str
    start: int
    end: int
    anchor: int  # the token it stands behind on its line, or -1
    before: int  # the token after it


@dataclass(slots=True)
class Margin:
    """The comments of a text that no node has claimed yet."""

    tokens: Tokens
    waiting: list[_Comment] = field(default_factory=list)

    @classmethod
    def of(cls, tokens: Tokens) -> Margin:
        """Collect the comments of the tokens' text."""
        margin = cls(tokens)
        taken: set[int] = set()
        for span in tokens.comments:
            previous = tokens.at(span.start)
            anchor = margin._anchor(previous, span.start)
            if anchor in taken:
                anchor = -1
            taken.add(anchor)
            text = tokens.text[span.start : span.end]
            margin.waiting.append(_Comment(text, span.start, span.end, anchor, previous + 1))
        return margin

    def _anchor(self, previous: int, start: int) -> int:
        tokens = self.tokens
        if previous < 0 or "\n" in tokens.text[tokens.ends[previous] : start]:
            return -1
        if (
            tokens.kinds[previous] == "COMMA"
            and previous
            and tokens.same_line(previous - 1, previous)
        ):
            return previous - 1
        return previous

    def above(self, first: int, last: int) -> Comments:
        """Claim the comments above a node and those lost inside it; blank lines between them are kept."""
        if not self.waiting:
            return ()
        return self._claim([c for c in self.waiting if first <= c.before <= last], first)

    def above_step(self, first: int, last: int) -> Comments:
        """Claim like `above`, but leave what stands at the end of the line before: it is the flow's head's."""
        if not self.waiting:
            return ()
        found = [
            c
            for c in self.waiting
            if first <= c.before <= last and (c.before > first or c.anchor < 0)
        ]
        return tuple(text for text in self._claim(found, first) if text)

    def dangling(self, closer: int) -> Comments:
        """Claim the comments between the last thing in brackets and the closing bracket (or the end)."""
        if not self.waiting:
            return ()
        found = [c for c in self.waiting if c.before == closer]
        claimed = self._claim(found, closer)
        while claimed and not claimed[-1]:
            claimed = claimed[:-1]
        blank = (
            bool(found)
            and found[0].anchor < 0
            and self._blank_between(self.tokens.ends[closer - 1] if closer else 0, found[0].start)
        )
        return ("", *claimed) if blank else claimed

    def behind(self, last: int) -> str:
        """Claim the comment at the end of the line on which a node ends."""
        for comment in self.waiting:
            if comment.anchor == last:
                self.waiting.remove(comment)
                return comment.text
        return ""

    def header(self, first: int) -> Comments:
        """Claim the comments before the first token, blank lines at their end left out."""
        claimed = self.above(first, first)
        return claimed[:-1] if claimed and not claimed[-1] else claimed

    def blank_before(self, first: int) -> bool | None:
        """Tell whether a blank line is above a node and its comments; None when it does not start its line."""
        if first == 0:
            return None
        tokens = self.tokens
        start = tokens.ends[first - 1]
        gap = tokens.text[start : tokens.starts[first]]
        if "\n" not in gap:
            return None
        if gap.lstrip(" \t\r").startswith("#"):
            gap = gap[gap.index("\n") :]
        before, _, _ = gap.partition("#")
        return before.count("\n") > 1

    def _claim(self, found: list[_Comment], first: int) -> Comments:
        if not found:
            return ()
        self.waiting = [c for c in self.waiting if c not in found]
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
