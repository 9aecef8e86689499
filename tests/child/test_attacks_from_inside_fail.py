"""What a child with full Python tries against the machine, and that each attempt is refused."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from typing import Any, Final

import pytest

from confined_children import Attackers, attackers
from plotter2.wire import codes

pytestmark = pytest.mark.process

REFUSALS: Final = {"EPERM", "EACCES", "ENOENT", "ESRCH", "EROFS", "ENOSYS"}
"""Any of them will do: which one depends on the layer that speaks first."""

FILES: Final = {
    "read a file": "os.open('/etc/passwd', os.O_RDONLY)",
    "read own source": "os.open(channel_source, os.O_RDONLY)",
    "read Python": "os.open(sys.executable, os.O_RDONLY)",
    "read own environment": "os.open('/proc/self/environ', os.O_RDONLY)",
    "read the environment of the parent": "os.open(f'/proc/{parent}/environ', os.O_RDONLY)",
    "read the environment of the host": f"os.open('/proc/{os.getpid()}/environ', os.O_RDONLY)",
    "read own memory": "os.open('/proc/self/mem', os.O_RDONLY)",
    "read memory of the parent": "os.open(f'/proc/{parent}/mem', os.O_RDONLY)",
    "list the root": "os.listdir('/')",
    "list processes": "os.listdir('/proc')",
    "name a file without opening it": "os.open('/etc/passwd', os.O_PATH)",
    "read a device": "os.open('/dev/vda', os.O_RDONLY)",
    "make a file": "os.open('/tmp/attack', os.O_WRONLY | os.O_CREAT, 0o600)",
    "make a nameless file": "os.open('/tmp', os.O_TMPFILE | os.O_WRONLY, 0o600)",
    "make a file in memory": "os.memfd_create('attack')",
    "overwrite a font": "os.open(font, os.O_WRONLY)",
    "append to a font": "os.open(font, os.O_RDWR | os.O_APPEND)",
    "cut a font": "os.truncate(font, 0)",
    "make a folder": "os.mkdir('/tmp/attack')",
    "make a link": "os.symlink('/etc/passwd', '/tmp/attack')",
    "make a hard link": "os.link(font, '/tmp/attack')",
    "rename": "os.rename(font, font + '.old')",
    "remove": "os.unlink(font)",
    "change a mode": "os.chmod(font, 0o777)",
    "change an owner": "os.chown(font, 0, 0)",
    "change a time": "os.utime(font)",
    "set an attribute": "os.setxattr(font, 'user.attack', b'1')",
    "make a pipe with a name": "os.mkfifo('/tmp/attack')",
    "make a device": "os.mknod('/tmp/attack', 0o20600, os.makedev(1, 3))",
    "go elsewhere": "os.chdir('/etc')",
}
NETWORK: Final = {
    "TCP": "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "UDP": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "TCP over IPv6": "socket.socket(socket.AF_INET6, socket.SOCK_STREAM)",
    "UNIX": "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "raw packets": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "virtual machine": "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
    "pair": "socket.socketpair()",
    "a descriptor to the host": "channel._connection.sendmsg([b'x'], "
    "[(socket.SOL_SOCKET, socket.SCM_RIGHTS, bytes([0, 0, 0, 0]))])",
}
PROCESSES: Final = {
    "fork": "os.fork()",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "run a command": "__import__('subprocess').run(['/bin/true'])",
    "clone3": "call('clone3', 0, 0)",
    "signal the parent": "os.kill(parent, 0)",
    "signal the host": f"os.kill({os.getpid()}, 0)",
    "signal the first process": "os.kill(1 if os.getpid() != 1 else 2, 0)",
    "signal everybody": "os.kill(-1, 0)",
    "signal its group": "os.kill(0, 0)",
    "signal a thread of the parent": "call('tgkill', parent, parent, 0)",
    "own signals by descriptor": "__import__('fcntl').fcntl(3, 8, parent)",
    "raise a limit": "done(libc.setrlimit(7, (ctypes.c_ulong * 2)(1024, 1024)))",
    "become root": "os.setuid(0)",
    "become another group": "os.setgid(0)",
    "be dumpable": "done(libc.prctl(4, 1, 0, 0, 0))",
    "go first": "os.setpriority(os.PRIO_PROCESS, 0, -20)",
    "take one processor": "os.sched_setaffinity(0, {0})",
}
MEMORY: Final = {
    "executable memory": "mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS,"
    " mmap.PROT_READ | mmap.PROT_EXEC)",
    "memory made executable": "done(libc.mprotect(here, 4096, 5))",
    "shared memory outside the count": "mmap.mmap(-1, 4096)",
    "locked memory": "done(libc.mlock(here, 4096))",
}
ALL: Final = FILES | NETWORK | PROCESSES | MEMORY
SETTING: Final = """
import plotter2.child.channel, matplotlib
channel_source = plotter2.child.channel.__file__
font = matplotlib.get_data_path() + '/fonts/ttf/DejaVuSans.ttf'
page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
here = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(page)))
deeds = %r
"""
IN_MAIN: Final = "answer = {name: tried(lambda: eval(deed)) for name, deed in deeds.items()}"
IN_THREAD: Final = f"""
def work():
    global answer
    {IN_MAIN}
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


@pytest.fixture(scope="module", params=["A", "B", "C"])
def children(request: pytest.FixtureRequest) -> Iterator[Attackers]:
    with attackers(request.param) as children:
        yield children


@pytest.fixture(scope="module")
def in_main(children: Attackers) -> dict[str, str]:
    answer: dict[str, str] = children.answer(SETTING % ALL + IN_MAIN)
    return answer


@pytest.fixture(scope="module")
def in_thread(children: Attackers) -> dict[str, str]:
    answer: dict[str, str] = children.answer(SETTING % ALL + IN_THREAD)
    return answer


@pytest.mark.parametrize("name", ALL)
def test_what_a_child_may_not_do_is_refused(in_main: dict[str, str], name: str) -> None:
    assert in_main[name] in REFUSALS


@pytest.mark.parametrize("name", ALL)
def test_a_new_thread_may_not_do_it_either(in_thread: dict[str, str], name: str) -> None:
    assert in_thread[name] in REFUSALS


DEADLY: Final = {
    "execve": "os.execv('/bin/true', ['true'])",
    "ptrace": "call('ptrace', 16, parent, 0, 0)",
    "unshare": "call('unshare', 0x10000000)",
    "mount": "call('mount', 0, 0, 0, 0, 0)",
    "chroot": "os.chroot('/')",
    "bpf": "call('bpf', 0, 0, 0)",
    "io_uring_setup": "call('io_uring_setup', 1, 0)",
    "keyctl": "call('keyctl', 0, 0)",
    "memory of another process": "call('process_vm_readv', parent, 0, 0, 0, 0, 0)",
    "open a process": "os.pidfd_open(parent)",
    "a filter of its own": "call('seccomp', 1, 0, 0)",
    "execve in a thread": "threading.Thread(target=os.execv, args=('/bin/true', ['true'])).start()"
    " or time.sleep(5)",
}


@pytest.mark.parametrize("deed", DEADLY.values(), ids=DEADLY)
def test_what_only_an_attack_does_ends_the_child(children: Attackers, deed: str) -> None:
    error = children.error(deed)
    assert error.code == codes.CHILD_DIED
    assert "SIGSYS" in error.message


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86-64 has the x32 kind")
def test_a_system_call_of_the_x32_kind_ends_the_child(children: Attackers) -> None:
    assert "SIGSYS" in children.error("call(0x40000000 + 39)").message


def test_a_callback_made_by_ctypes_needs_new_code_and_is_refused(children: Attackers) -> None:
    source = "answer = tried(lambda: ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1))"
    assert children.answer(source) in {"MemoryError", "EPERM"}


def test_a_child_has_no_descriptor_but_its_channel_and_its_job(children: Attackers) -> None:
    source = """
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
answer = [n for n in range(64) if is_open(n)], list(fds)
"""
    open_ones, job = children.answer(source)
    mapped = 1  # mmap keeps a descriptor of the output
    assert set(open_ones) >= {0, 1, 2, 3, *job}
    assert len(open_ones) == 4 + len(job) + mapped


def test_a_child_knows_nothing_of_the_hosts_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLOTTER2_SECRET", "moon")
    with attackers() as children:
        environment: dict[str, Any] = children.answer("answer = dict(os.environ)")
    assert environment["HOME"] == "/nonexistent"
    assert "PLOTTER2_SECRET" not in environment
    assert "PATH" not in environment


def test_an_empty_root_hides_even_the_names_of_files() -> None:
    with attackers("A") as children:
        if children.orchestrator.ready().level != "A":
            pytest.skip("this machine has no empty root to give")
        source = "answer = [tried(lambda: os.stat(p)) for p in ('/etc/passwd', '/proc', '/dev')]"
        assert children.answer(source) == ["ENOENT"] * 3


def test_two_children_share_no_random_numbers(children: Attackers) -> None:
    source = """
import random, numpy
answer = [random.random(), numpy.random.rand(), numpy.random.default_rng().random()]
"""
    first, second = children.answer(source), children.answer(source)
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_what_one_child_breaks_another_does_not_see(children: Attackers) -> None:
    children.answer("import numpy; numpy.sum = None; answer = 1")
    assert children.answer("import numpy; answer = int(numpy.sum([1, 2]))") == 3
