"""The checks that can be switched off unnoticed: for each the other check that refuses the same, or who else notices.

They stand as checks_switched_off.py prints them: file, kind, text. Two checks for one thing are kept where a value can
be made without its text, or where the second costs nothing.
"""

from __future__ import annotations

_WRITTEN_AGAIN = "what was read is written again, and must give the same bytes"
_READER = "its text is held against its one form before the value is made; this is for values that are made here"
_SPLIT = "the container is cut at a line feed before the header, so its text ends with one"
_PATTERN = "the rest of the pattern is then refused, as a sign that stands where it means nothing"
_PROOF = "a proof of another form does not lead to the root either, which has the same name"
_NOTE = "every line behind the text must be a whole signature, which has the same name"
_MAKERS = "it keeps the makers from making what no reader takes; the reader's own check is tested"
_CALLER = "it tells a caller's mistake, and no bytes of others reach it"
_LIBRARY = "cryptography's own reader refuses such a file, which has the same name"
_BCRYPT = "it needs a process without bcrypt: test_every_refusal.py has one"

REDUNDANT: dict[str, str] = {
    "bundles.py call: lines.end()": _WRITTEN_AGAIN,
    "feed.py call: lines.end()": _WRITTEN_AGAIN,
    "bundles.py condition: not 1 <= self.serial <= MAX_NUMBER": _READER,
    "feed.py condition: not 1 <= self.serial <= MAX_NUMBER": _READER,
    "bundles.py condition: len(set(self.scopes)) != len(self.scopes)": _READER,
    "bundles.py raise: raise _form('a time is not a whole second in UTC')": _READER,
    "bundles.py raise: raise _form(f'it has {len(data)} bytes, and may have {MAX_BUNDLE}')": _MAKERS,
    "feed.py raise: raise Refusal('E_FEED_FORM', 'the time is not a whole second in UTC')": _READER,
    "feed.py raise: raise Refusal('E_FEED_FORM', 'keys or digests are not sorted, or one stands twice')": _READER,
    "feed.py condition: lines != sorted(set(lines))": _READER,
    "feed.py condition: list(self.digests) != sorted(set(self.digests))": _READER,
    "feed.py raise: raise Refusal('E_FEED_FORM', f'it has {len(data)} bytes, and may have {MAX_FEED}')": _MAKERS,
    "ceilings.py condition: not pattern": "an alternative that is empty is refused too",
    "ceilings.py raise: raise self._wrong('a repetition is repeated')": _PATTERN,
    "ceilings.py raise: raise self._wrong('a pattern always covers the whole line, so ^ and $ are not needed')": _PATTERN,
    "ceilings.py raise: raise self._wrong(\"of the groups that begin with '(?' only '(?:' is known\")": _PATTERN,
    "keys.py raise: raise Refusal('E_KEY_FORMAT', 'this is a private key; it stays with its owner, give the .pub file')": "it says more than the check behind it: a private key is not one line",
    "keys.py raise: raise Refusal('E_KEY_ALGORITHM', f'keys of the type {name} are not made here')": _CALLER,
    "keys.py raise: raise Refusal('E_KEY_PRIVATE', 'the two halves of the key do not belong together')": _LIBRARY,
    "keys.py raise: raise Refusal('E_KEY_PASSPHRASE_UNSUPPORTED') from None": _BCRYPT,
    "log/entry.py raise: raise Refusal('E_LOG_FORM', f'an entry has at most {MAX_ENTRY} bytes, this one {len(line)}')": _MAKERS,
    "log/note.py raise: raise Refusal('E_LOG_NOTE', 'the checkpoint has no signature after an empty line')": _NOTE,
    "log/note.py condition: not empty": _NOTE,
    "log/note.py condition: not rest.endswith('\\n')": _NOTE,
    "log/note.py condition: not text.endswith('\\n')": _MAKERS,
    "log/note.py raise: raise Refusal('E_LOG_KEY', f'the checkpoint is signed by {names}, and by no key known here')": "the checkpoint's origin must then be the name of one that signed, and none did",
    "log/proof.py condition: not lines[1].startswith('extra ')": "without the word the rest is no base64 in its one form",
    "log/proof.py condition: len(lines) > 3 + _MOST_HASHES": _PROOF,
    "log/proof.py raise: raise _malformed()": _PROOF,
    "pack_gate.py raise: raise Refusal(refusal.name, refusal.what, refusal.where, _AGAIN) from refusal": "the next line raises the same refusal with its own remedy; it is no check",
    "rights.py raise: raise Refusal('E_STMT_CAP', f'{shown(text)} is not of the form RIGHT KIND:TARGET')": "the words and the target are each held against their form, which has the same name",
    "rights.py condition: not space": "the kind is then empty, and an empty word is refused",
    "rights.py condition: not colon": "the target is then empty, and an empty target is refused",
    "sidecar.py condition: end < 0": "the next block then does not begin with the header",
    "signed_text.py raise: raise Refusal(cause, f'it has {len(data)} bytes, and may have {most}')": "what is written again may not be larger either",
    "signed_text.py raise: raise self.wrong(f'{shown(text)} is not a whole number from 1 to {MAX_NUMBER}')": "a word is no number to Python either, and " + _WRITTEN_AGAIN,
    "signed_text.py condition: int(text) > MAX_NUMBER": "the value's own check refuses it with the same name",
    "signed_text.py raise: raise self.wrong(f'the {word} lines are not sorted, or {shown(after)} stands twice')": _WRITTEN_AGAIN,
    "statement.py call: _check_size(data)": "reading and writing each check it, and what is read is written again",
    "statement.py call: check_name(self.name)": _READER,
    "lines.py raise: raise self.wrong('its last line does not end with a line feed')": _SPLIT,
    "statement.py raise: raise Refusal('E_STMT_TIME', f'{moment.isoformat()} is not a whole second in UTC after the year 2000')": _READER,
    "statement.py condition: not is_whole_second(moment)": _READER,
    "statement.py condition: moment.year < 2000": _READER,
    "trust.py call: check_principal(self.principal)": _READER,
    "trust.py raise: raise Refusal('E_TRUST_NAMESPACE', 'the line has no namespaces=...')": "an empty use is no use of plotter2, which has the same name",
    "trust.py condition: not namespaces": _READER,
    "trust.py raise: raise Refusal('E_TRUST_TIME', f'{moment.isoformat()} is not a whole second in UTC')": _READER,
}  # fmt: skip
"""What was found out about each, by its name."""
