"""Relays: pushing, acknowledging, proving and restoring; over a folder, ssh and HTTP; with every connection cut."""

from __future__ import annotations

import getpass
import hashlib
import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commandline import p2, p2_json
from copy_samples import change_root, flip_a_bit, make_root, said_of
from datter_samples import PATIENCE_S, add_run
from plotter2.datter.auditing import audit
from plotter2.datter.collecting import object_files
from plotter2.datter.layout import Layout
from plotter2.datter.locks import locked
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.relay import addresses, http_server
from plotter2.relay.framing import LARGEST_FRAME, Frames
from plotter2.relay.http_server import RelayServer

BREAKER = Path(__file__).with_name("broken_relays.py")
SSHD = Path("/usr/sbin/sshd")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_root(tmp_path / "root")
    return tmp_path / "root"


def behind(root: Path) -> list[tuple[int, int]]:
    return [(one["objects"], one["events"]) for one in p2_json(root, "relay", "status")["relays"]]


def lost_and_found(root: Path, source: str, *words: str) -> None:
    """Delete a root, restore it, and look that everything is there again."""
    truth = said_of(root)
    shutil.rmtree(root)
    told = p2_json(root, "restore", source, *words)
    assert told["problems"] == []
    assert said_of(root) == truth
    assert audit(root, PATIENCE_S).problems == ()


# ------------------------------------------------------------ folders
def test_a_relay_is_added_pushed_to_and_forgotten(root: Path, tmp_path: Path) -> None:
    assert "no relay yet" in p2(root, "relay", "status").out
    assert "no relay yet" in p2(root, "relay", "push").out
    p2_json(root, "relay", "add", "disk", tmp_path / "copy")
    assert behind(root) == [(6, 4)]
    assert "never" in p2(root, "relay", "status").out
    said = p2(root, "relay", "push", "disk").out
    assert "; acknowledged" in said
    assert "warning: disk is on the same disk as the root" in said
    assert behind(root) == [(0, 0)]
    change_root(root)
    assert behind(root) == [(2, 2)]
    assert "2 changes, 2 objects, " in p2(root, "relay", "status").out
    p2_json(root, "relay", "push")
    assert said_of(tmp_path / "copy")["bundles"] == said_of(root)["bundles"]
    assert "keeps its copy" in p2(root, "relay", "remove", "disk").out
    assert behind(root) == []
    with Store.open(root) as store:
        assert store.acknowledged.names("disk", "object") == frozenset()


def test_what_a_relay_lost_is_no_longer_acknowledged_and_sent_again(
    root: Path, tmp_path: Path
) -> None:
    p2_json(root, "relay", "add", "disk", tmp_path / "copy")
    p2_json(root, "relay", "push")
    object_files(Layout(tmp_path / "copy"))[0].unlink()
    damaged = object_files(Layout(tmp_path / "copy"))[0]
    flip_a_bit(damaged)
    finished = p2(root, "relay", "scrub", "disk")
    assert finished.code == 1
    assert "2 not proven" in finished.out
    assert behind(root) == [(2, 0)]
    p2(tmp_path / "copy", "scrub", "--set-aside")
    p2_json(root, "relay", "push")
    assert behind(root) == [(0, 0)]
    assert p2_json(root, "relay", "scrub", "disk")["objects"] == 6
    assert p2_json(root, "relay", "scrub", "disk", "--limit", "3")["objects"] == 3


def test_a_lost_root_comes_back_from_a_relay(root: Path, tmp_path: Path) -> None:
    p2_json(root, "relay", "add", "disk", tmp_path / "copy")
    change_root(root)
    p2_json(root, "relay", "push")
    lost_and_found(root, str(tmp_path / "copy"))
    assert [relay.name for relay in addresses.listed(Layout(root))] == ["disk"]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Disk", "/tmp/x"),
        ("disk", ""),
        ("disk", "ftp://host/x"),
        ("disk", "ssh://-oProxyCommand=x/x"),
        ("disk", "ssh://host"),
        ("disk", "ssh://ho st/x"),
        ("disk", "http://example.org:80"),
        ("disk", "https://example.org"),
        ("disk", "https://user:secret@example.org"),
    ],
)
def test_names_and_addresses_that_do_not_fit_are_refused(
    root: Path, name: str, address: str
) -> None:
    finished = p2(root, "relay", "add", name, address)
    assert finished.code == 2
    assert "error[P2-D0918]" in finished.err or "usage" in finished.err.lower()
    assert finished.out == ""


def test_a_list_of_relays_that_others_can_change_is_not_used(root: Path, tmp_path: Path) -> None:
    p2_json(root, "relay", "add", "disk", tmp_path / "copy")
    path = root / "config" / "relays.json"
    (root / "config").chmod(0o755)
    path.chmod(0o666)
    assert "others can change it" in p2(root, "relay", "push").err
    path.chmod(0o600)
    path.write_text('{"relays": [{"name": "disk", "adress": "x"}]}')
    assert "error[P2-D0918]" in p2(root, "relay", "status").err


# ------------------------------------------------------------ broken off at every point
@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["push", "receiver", "pusher", "cut", "answers"])
def test_nothing_acknowledged_is_lost_wherever_a_push_ends(tmp_path: Path, kind: str) -> None:
    stride = os.environ.get("P2_KILL_STRIDE", "7" if kind in ("cut", "answers") else "61")
    command = [sys.executable, str(BREAKER), str(tmp_path), kind, stride]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["broken"] == []
    assert found["points"] >= (7 if kind in ("cut", "answers") else 30) // int(stride)


# ------------------------------------------------------------ what strangers say
@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH\r\n",
        (LARGEST_FRAME + 1).to_bytes(4, "big"),
        b"\0\0\0\0",
        b"\0\0\0\x05hello",
        b"\0\0\0\x40" + b"\x81" * 64,
    ],
)
def test_frames_that_are_none_are_refused(said: bytes) -> None:
    here, there = socket.socketpair()
    with here, there:
        here.sendall(said)
        here.shutdown(socket.SHUT_WR)
        with pytest.raises(DataError) as caught:
            Frames(there.fileno(), there.fileno(), patience_s=2).hear()
        assert caught.value.code in ("P2-D0916", "P2-D0917")


def test_a_side_that_says_nothing_is_given_up() -> None:
    here, there = socket.socketpair()
    with here, there, pytest.raises(DataError) as caught:
        Frames(there.fileno(), there.fileno(), patience_s=0.05).hear()
    assert caught.value.code == "P2-D0916"


# ------------------------------------------------------------ ssh
@contextmanager
def own_sshd(folder: Path) -> Iterator[tuple[int, Path]]:
    """Run an ssh server of our own: gives its port and a configuration for ssh."""
    if not SSHD.exists() or shutil.which("ssh") is None:
        pytest.skip("NOT TESTED: relays over ssh; this machine has no sshd (openssh-server)")
    folder.chmod(0o700)
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shutil.copy(folder / "user.pub", folder / "authorized")
    words = Path(sys.executable).parent
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        f"PasswordAuthentication no\nPermitRootLogin yes\nSetEnv PATH={words}:/usr/bin:/bin\n"
    )
    public = (folder / "host.pub").read_text().split()[:2]
    (folder / "known").write_text(f"[127.0.0.1]:{port} {' '.join(public)}\n")
    (folder / "ssh_config").write_text(
        f"Host *\n  IdentityFile {folder}/user\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {folder}/known\n  GlobalKnownHostsFile none\n"
        "  StrictHostKeyChecking no\n"  # what plotter2 says comes first
    )
    Path("/run/sshd").mkdir(exist_ok=True) if os.geteuid() == 0 else None
    command = [str(SSHD), "-D", "-e", "-f", str(folder / "sshd_config")]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stderr=log) as server,
    ):
        try:
            _until_served(port, server, folder / "log")
            yield port, folder / "ssh_config"
        finally:
            server.terminate()


def _until_served(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        if server.poll() is not None:
            pytest.skip(
                f"NOT TESTED: relays over ssh; sshd does not start: {log.read_text()[:300]}"
            )
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


@pytest.mark.process
def test_a_relay_on_another_machine_over_ssh(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ssh").mkdir()
    with own_sshd(tmp_path / "ssh") as (port, configuration):
        monkeypatch.setenv("PLOTTER2_SSH", f"ssh -F {configuration}")
        far = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{tmp_path}/far copy"
        p2_json(root, "relay", "add", "far", far)
        pushed = p2(root, "relay", "push", "far")
        assert pushed.code == 0, pushed.err
        assert said_of(tmp_path / "far copy") == said_of(root)
        change_root(root)
        assert p2_json(root, "relay", "push")["relays"][0]["copied"] == 7
        assert p2_json(root, "relay", "scrub", "far")["objects"] == 8
        lost_and_found(root, far)

        make_root(tmp_path / "other")
        p2_json(tmp_path / "other", "relay", "add", "far", far)
        finished = p2(tmp_path / "other", "relay", "push", "far")
        assert "error[P2-D0912]" in finished.err

        (tmp_path / "ssh" / "known").write_text("")
        finished = p2(root, "relay", "push", "far")
        assert finished.code == 1
        assert "error[P2-D0916]" in finished.err
        assert "Host key verification failed" in finished.err


# ------------------------------------------------------------ HTTP
@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(secrets.token_hex(16) + "\n")
    path.chmod(0o600)
    return path


@contextmanager
def served(folder: Path, token: Path, certificate: Path | None = None) -> Iterator[int]:
    server = RelayServer(folder, token.read_text().strip(), ("127.0.0.1", 0))
    if certificate:
        server.protect(certificate, certificate.with_suffix(".key"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_relay_over_http(root: Path, tmp_path: Path, token: Path) -> None:
    with served(tmp_path / "far", token) as port:
        address = f"http://127.0.0.1:{port}"
        assert p2(root, "relay", "add", "far", address).code == 2
        p2_json(root, "relay", "add", "far", address, "--token-file", token)
        pushed = p2(root, "relay", "push", "far")
        assert pushed.code == 0, pushed.err
        assert said_of(tmp_path / "far") == said_of(root)
        change_root(root)
        assert p2_json(root, "relay", "push")["relays"][0]["copied"] == 7
        assert p2_json(root, "relay", "scrub", "far")["objects"] == 8
        lost_and_found(root, address, "--token-file", str(token))
    finished = p2(root, "relay", "push", "far")
    assert "error[P2-D0916]" in finished.err


def test_a_wrong_token_is_refused_and_so_is_one_that_others_can_read(
    root: Path, tmp_path: Path, token: Path
) -> None:
    with served(tmp_path / "far", token) as port:
        address = f"http://127.0.0.1:{port}"
        token.write_text("x" * 32)
        p2_json(root, "relay", "add", "far", address, "--token-file", token)
        assert "refuses the token" in p2(root, "relay", "push", "far").err
        token.chmod(0o644)
        assert "can be read by others" in p2(root, "relay", "push", "far").err


def test_a_relay_over_https_must_have_the_certificate_that_was_named(
    root: Path, tmp_path: Path, token: Path
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("NOT TESTED: relays over https; this machine has no openssl")
    certificate = tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(certificate.with_suffix(".key")), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    with served(tmp_path / "far", token, certificate) as port:
        address = f"https://localhost:{port}"
        p2_json(root, "relay", "add", "far", address, "--token-file", token)
        assert "certificate verify failed" in p2(root, "relay", "push", "far").err
        p2_json(root, "relay", "remove", "far")
        words = ("--token-file", token, "--ca-file", certificate)
        p2_json(root, "relay", "add", "far", address, *words)
        p2_json(root, "relay", "push", "far")
        assert said_of(tmp_path / "far")["bundles"] == said_of(root)["bundles"]


class Raw:
    """A client that says to an HTTP relay whatever it likes."""

    def __init__(self, port: int, token: Path) -> None:
        self.port = port
        self.head = {"Authorization": f"Bearer {token.read_text().strip()}"}
        status, headers = self.ask("POST", "/1/hello", b"\x81\xa4type\xa5Hello")
        assert status == 200
        self.head["Plotter2-Session"] = headers["Plotter2-Session"]

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, self.head)
            response = connection.getresponse()
            response.read()
            return response.status, dict(response.headers)
        finally:
            connection.close()


def test_what_http_answers_means_what_it_should(tmp_path: Path, token: Path) -> None:
    good = b"some bytes"
    digest = hashlib.sha256(good).hexdigest()
    path = f"/1/object/{digest}?digest={digest}&bytes={len(good)}"
    with served(tmp_path / "far", token) as port:
        raw = Raw(port, token)
        assert raw.ask("PUT", path, b"other byte")[0] == 409
        assert raw.ask("PUT", path, good[:5])[0] == 400
        assert raw.ask("PUT", path, good)[0] == 201
        assert raw.ask("PUT", path, good)[0] == 200
        for name in ("../../evil", "..%2Fevil", "x" * 64, "A" * 64):
            assert raw.ask("PUT", f"/1/object/{name}?digest={digest}&bytes=1", b"x")[0] == 400
        for kind in ("output/..%2F..%2Fevil", "config/..", "nothing/x", "event/.."):
            assert raw.ask("PUT", f"/1/{kind}?digest={digest}&bytes=1", b"x")[0] == 400
        assert raw.ask("POST", "/1/ask", b"\xff" * 100)[0] == 400
        assert raw.ask("POST", "/1/hello", b"\x00" * 10)[0] == 400
        assert raw.ask("POST", "/1/elsewhere", b"")[0] == 400
        raw.head["Plotter2-Session"] = "0" * 32
        assert raw.ask("PUT", path, good)[0] == 409
        raw.head["Authorization"] = "Bearer nothing"
        assert raw.ask("PUT", path, good)[0] == 401
    assert sorted(p.name for p in tmp_path.iterdir()) == ["far", "token"]
    assert [p.name for p in object_files(Layout(tmp_path / "far"))] == [digest]


def test_a_push_that_says_nothing_any_more_gives_the_folder_back(
    tmp_path: Path, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "IDLE_S", 0.1)
    with served(tmp_path / "far", token) as port:
        raw = Raw(port, token)
        with locked(tmp_path / "far" / "registry" / "lock", 5):
            pass
        digest = hashlib.sha256(b"x").hexdigest()
        assert raw.ask("PUT", f"/1/object/{digest}?digest={digest}&bytes=1", b"x")[0] == 409


def test_a_large_object_is_gone_on_with_where_the_connection_was_cut(
    root: Path, tmp_path: Path, token: Path
) -> None:
    with Store.open(root) as store:
        add_run(store, "large", {"x": ("int", list(range(200_000)))})
    (big,) = [path for path in object_files(Layout(root)) if path.stat().st_size > 1_000_000]
    size = big.stat().st_size
    with served(tmp_path / "far", token) as port:
        raw = Raw(port, token)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            head = "".join(f"{name}: {value}\r\n" for name, value in raw.head.items())
            connection.sendall(
                f"PUT /1/object/{big.name}?digest={big.name}&bytes={size} HTTP/1.1\r\n"
                f"Content-Length: {size}\r\n{head}\r\n".encode()
                + big.read_bytes()[:700_000]
            )
        partial = tmp_path / "far" / "source" / "partial" / big.name
        for _ in range(100):
            if partial.exists() and partial.stat().st_size == 700_000:
                break
            time.sleep(0.02)
        kept = partial.stat().st_ino
        p2_json(root, "relay", "add", "far", f"http://127.0.0.1:{port}", "--token-file", str(token))
        p2_json(root, "relay", "push", "far")
    there = Layout(tmp_path / "far").object_file(big.name)
    assert there.read_bytes() == big.read_bytes()
    assert there.stat().st_ino == kept
    assert not partial.exists()


def test_a_server_needs_a_certificate_for_other_machines(tmp_path: Path, token: Path) -> None:
    words = ("relay", "serve", tmp_path / "far", "--token-file", token)
    assert p2(tmp_path, *words, "--host", "0.0.0.0").code == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        finished = p2(tmp_path, *words, "--port", str(taken.getsockname()[1]))
    assert finished.code == 2
    assert "cannot be served" in finished.err


@pytest.mark.process
def test_serving_is_a_command_that_ctrl_c_ends(root: Path, tmp_path: Path, token: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = ["relay", "serve", str(tmp_path / "far"), "--token-file", str(token), "--port", port]
    command = [sys.executable, "-m", "plotter2", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith(f"serving {tmp_path}/far at http://127.0.0.1:")
        p2_json(root, "relay", "add", "far", f"http://127.0.0.1:{port}", "--token-file", str(token))
        p2_json(root, "relay", "push", "far")
        server.terminate()
        assert server.stdout.read() == "ended\n"
    assert server.returncode == 0
