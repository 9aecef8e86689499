"""What runs unasked, what asks once, what is refused: one's own scripts, edited ones, those of others, starters."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

import logger2
from commandline import p2, p2_json
from p2sign.keys import SigningKey
from p2sign.make import sign_statement
from p2sign.sidecar import split
from p2sign.statement import parse
from sweep_samples import MEAN_SCRIPT, Workplace, record_sweep
from terminals import Terminal

pytestmark = pytest.mark.process


@pytest.fixture
def script(place: Workplace) -> Path:
    path = place.folder / "mine.p2"
    path.write_text(MEAN_SCRIPT)
    return path


@pytest.fixture
def starter(place: Workplace) -> Path:
    path = place.folder / "starter.p2"
    assert p2_json(place.root, "new", "sweep", "-o", path)["signed"]
    return path


def edited(script: Path, text: str) -> None:
    script.write_text(script.read_text() + text)


def columns(shown: str) -> set[int]:
    """Give where the second column of indented lines begins."""
    found = (re.match(r"  \w+( \w+)? {2,}", line) for line in shown.splitlines())
    return {match.end() for match in found if match}


# ---- scripts of one's own ---------------------------------------------------------------------


def test_a_new_script_is_shown_in_plain_words_and_asks_once(place: Workplace, script: Path) -> None:
    edited(script, 'access("sweep/*") | head(3) | export("first.csv")\n')
    with Terminal(place.root, "run", script) as terminal:
        shown = terminal.until("sign it as tester@here and run it?")
        assert "mine.p2 is not signed. It\n" in shown
        for words in (
            r"reads +sweep/\*",
            "draws +reward",
            r"hands out +first\.csv",
            "costs +at most",
        ):
            assert re.search(rf"^  {words}", shown, re.MULTILINE), shown
        assert len(columns(shown)) == 1
        terminal.types("y\n")
        terminal.until("reward.png")
        assert terminal.ends() == 0
    assert p2(place.root, "run", script).code == 0


def test_the_key_is_made_on_first_use(place: Workplace, script: Path, tmp_path: Path) -> None:
    root = tmp_path / "fresh"
    p2_json(root, "add", place.folder / "runs" / "sweep")
    with Terminal(root, "run", script) as terminal:
        terminal.until("with a key of your own, which is made now, and run it?")
        terminal.types("y\n")
        terminal.until("NAME@PLACE")
        terminal.types("Ada Lovelace\n")
        told = terminal.until("your name in signatures")
        assert "a name and a place in small letters, like ada@lab" in told
        for prompt in ("NAME@PLACE", "(empty for none)", "confirmation"):
            terminal.until(prompt)
            terminal.types("\n")
        assert "make your key now?" not in terminal.until("reward.png")
        assert terminal.ends() == 0


def test_an_edited_script_asks_again_and_tells_the_difference(
    place: Workplace, script: Path
) -> None:
    p2_json(place.root, "sign", script)
    edited(script, "# a word\n")
    with Terminal(place.root, "run", script) as terminal:
        shown = terminal.until("sign it as tester@here and run it?")
        assert re.search(r"mine.p2 was changed since you signed it on \d{4}-\d\d-\d\d", shown)
        assert "only its text is another" in shown
        terminal.types("n\n")
        assert terminal.ends() == 1
    script.write_text(
        'p2 1\naccess("sweep/*") | head(3) | export("first.csv")\n'
        'access("sweep/*") | frame | point(x=step, y=loss) | plot("loss") | handoff\n'
    )
    with Terminal(place.root, "run", script) as terminal:
        shown = terminal.until("sign it as tester@here and run it?")
        assert re.search(r"now it also\n +\+ hands out +first.csv\n +\+ draws +loss\n", shown)
        assert re.search(r"and no more\n +- draws +reward\n", shown)
        terminal.types("y\n")
        terminal.until("loss.png")
    assert p2_json(place.root, "verify", script)["serial"] == 2


def test_yes_answers_for_new_scripts_only(place: Workplace, script: Path) -> None:
    assert p2(place.root, "run", script, "--yes").code == 0
    edited(script, "# a word\n")
    refused = p2(place.root, "run", script, "--yes")
    assert (refused.code, "E_DIGEST" in refused.err) == (4, True)


def test_yes_does_not_answer_for_a_key_with_a_passphrase(
    place: Workplace, script: Path, tmp_path: Path
) -> None:
    root = tmp_path / "locked"
    p2_json(root, "add", place.folder / "runs" / "sweep")
    with Terminal(root, "key", "new", "--name", "ada@lab") as terminal:
        for prompt in ("(empty for none)", "confirmation"):
            terminal.until(prompt)
            terminal.types("correct horse battery staple\n")
        terminal.until("made SHA256:")
        terminal.ends()
    refused = p2(root, "run", script, "--yes")
    assert (refused.code, "P2-S0791" in refused.err) == (4, True)
    with Terminal(root, "run", script, "--yes") as terminal:
        terminal.until("sign it as ada@lab and run it?")


def test_a_changed_script_of_somebody_else_is_refused_with_the_way_out(
    place: Workplace, script: Path, tmp_path: Path
) -> None:
    p2_json(place.root, "sign", script)
    sidecar = script.with_name("mine.p2.sig")
    ada = SigningKey.generate()
    sidecar.write_bytes(sign_statement(parse(split(sidecar.read_bytes()).statement), ada))
    (tmp_path / "ada.pub").write_text(ada.public.line("ada@lab") + "\n")
    p2_json(place.root, "trust", "add", "ada@lab", tmp_path / "ada.pub")
    edited(script, "# a word\n")
    with Terminal(place.root, "run", script) as terminal:
        shown = terminal.until("as your own: plotter2 sign")
        assert "was changed since ada@lab signed it" in shown
        assert "get it anew from ada@lab" in shown
        assert terminal.ends() == 4


# ---- starters ---------------------------------------------------------------------------------


def test_a_starter_runs_without_a_question_where_it_was_written(
    place: Workplace, starter: Path
) -> None:
    verified = p2_json(place.root, "verify", starter)
    assert [each["principal"] for each in verified["signers"]] == ["host@this"]
    assert p2(place.root, "run", starter).code == 0
    key = place.root / "config" / "machine_ed25519"
    assert key.stat().st_mode & 0o777 == 0o600
    assert "host@this" not in p2(place.root, "trust", "list").out


def test_an_edited_starter_is_a_new_script_of_ones_own(place: Workplace, starter: Path) -> None:
    edited(starter, "# a word\n")
    refused = p2(place.root, "run", starter)
    assert (refused.code, "was a starter, and was changed" in refused.err) == (4, True)
    with Terminal(place.root, "run", starter) as terminal:
        terminal.until("was a starter, and was changed since plotter2 wrote it")
        terminal.until("sign it as tester@here and run it?")
        terminal.types("y\n")
        terminal.until(".png")
    assert p2_json(place.root, "verify", starter)["name"] == "own/starter"


def test_a_starter_that_would_be_another_today_asks(place: Workplace, starter: Path) -> None:
    with logger2.run("sweep", params={"lr": 0.5, "seed": 9}, dir=str(place.folder / "runs")) as run:
        for step in range(30):
            run.log(step, reward=step / 30, loss=1 / (1 + step))
    p2_json(place.root, "add", place.folder / "runs" / "sweep")
    refused = p2(place.root, "verify", starter)
    assert (refused.code, "P2-S0893" in refused.err) == (4, True)
    assert p2(place.root, "run", starter).code == 4
    with Terminal(place.root, "run", starter) as terminal:
        terminal.until("is a starter, and would be another today")
        terminal.until("sign it as tester@here and run it?")


def test_the_machines_signature_counts_on_no_other_machine(starter: Path, tmp_path: Path) -> None:
    other = Workplace(tmp_path / "other")
    p2_json(other.root, "add", record_sweep(other.folder / "runs"))
    p2_json(other.root, "new", "sweep", "-o", tmp_path / "another.p2")
    refused = p2(other.root, "verify", starter)
    assert (refused.code, "E_SIGNER_UNKNOWN" in refused.err) == (4, True)
    assert p2(other.root, "run", starter).code == 4


def test_the_machines_key_vouches_for_nothing_but_what_it_makes_again(
    place: Workplace, starter: Path, script: Path
) -> None:
    key = SigningKey.load((place.root / "config" / "machine_ed25519").read_bytes())
    terms = split(starter.with_name("starter.p2.sig").read_bytes()).statement.decode()
    digest = re.compile(r"SHA256 \(.*\) = .*")

    def signed(words: dict[str, str], file: Path) -> str:
        text = terms.replace("entry starter.p2", f"entry {file.name}")
        text = digest.sub(f"SHA256 ({file.name}) = {sha256(file)}", text)
        for old, new in words.items():
            assert old in text
            text = text.replace(old, new)
        file.with_name(file.name + ".sig").write_bytes(sign_statement(parse(text.encode()), key))
        return p2(place.root, "run", file).err

    signed({}, script)
    assert "P2-S0893" in p2(place.root, "verify", script).err
    assert "P2-S0894" in signed({"cap write output:reward": "cap write share:reward"}, starter)
    wide = {"cap read bundle:sweep/*": "cap read bundle:a\ncap read bundle:sweep/*"}
    assert "P2-S0894" in signed(wide, starter)
    assert "E_SIGNER_UNKNOWN" in signed({"kind local": "kind script"}, starter)


# ---- drafts -----------------------------------------------------------------------------------


def test_a_draft_never_runs_and_a_person_who_has_read_it_signs_it(
    place: Workplace, script: Path
) -> None:
    p2_json(place.root, "sign", script, "--draft")
    assert b"\nkind draft\n" in script.with_name("mine.p2.sig").read_bytes()
    for words in (("run", script), ("run", script, "--yes"), ("verify", script)):
        refused = p2(place.root, *words)
        assert (refused.code, "E_SIG_DRAFT" in refused.err) == (4, True)
    unread = p2(place.root, "sign", script, "--yes")
    assert (unread.code, "P2-S0895" in unread.err) == (4, True)
    with Terminal(place.root, "sign", script) as terminal:
        shown = terminal.until("sign it as tester@here")
        assert re.search(r"is a draft of tester@here SHA256:\S+. It says\n", shown)
        assert '  | let curves = access("sweep/*")\n' in shown
        terminal.types("\n")
        terminal.until("stopped")
        assert terminal.ends() == 1
    with Terminal(place.root, "sign", script) as terminal:
        terminal.until("[y/N]")
        terminal.types("y\n")
        terminal.until("wrote")
        assert terminal.ends() == 0
    assert p2(place.root, "run", script).code == 0


def test_a_draft_that_was_changed_since_says_so(place: Workplace, script: Path) -> None:
    p2_json(place.root, "sign", script, "--draft")
    edited(script, "# a word\n")
    with Terminal(place.root, "sign", script) as terminal:
        terminal.until("and was changed since")


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
