"""Numbers of the system calls that the sandbox names, for the processors it knows. Only data.

Sources: Linux `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h` (the
table of aarch64). A dash says that the processor does not have the call. On any other processor
`this_machine` refuses, and so nothing is run.
"""

from __future__ import annotations

import platform
import struct
import sys
from dataclasses import dataclass
from functools import cache

from plotter2.errors import HostError
from plotter2.wire import codes

_TABLE = """
name                    x86_64 aarch64
access                      21       -
acct                       163      89
add_key                    248     217
adjtimex                   159     171
bpf                        321     280
brk                         12     214
capset                     126      91
chroot                     161      51
clock_adjtime              305     266
clock_getres               229     114
clock_gettime              228     113
clock_nanosleep            230     115
clock_settime              227     112
clone                       56     220
clone3                     435     435
close                        3      57
delete_module              176     106
epoll_create1              291      20
epoll_ctl                  233      21
epoll_pwait                281      22
epoll_wait                 232       -
eventfd2                   290      19
execve                      59     221
execveat                   322     281
exit                        60      93
exit_group                 231      94
faccessat                  269      48
faccessat2                 439     439
fadvise64                  221     223
fchmodat2                  452     452
fcntl                       72      25
finit_module               313     273
fsconfig                   431     431
fsmount                    432     432
fsopen                     430     430
fspick                     433     433
fstat                        5      80
futex                      202      98
getcpu                     309     168
getcwd                      79      17
getdents64                 217      61
getegid                    108     177
geteuid                    107     175
getgid                     104     176
getpid                      39     172
getppid                    110     173
getrandom                  318     278
getrlimit                   97     163
getrusage                   98     165
gettid                     186     178
gettimeofday                96     169
getuid                     102     174
init_module                175     105
io_uring_enter             426     426
io_uring_register          427     427
io_uring_setup             425     425
ioctl                       16      29
ioperm                     173       -
iopl                       172       -
kcmp                       312     272
kexec_file_load            320     294
kexec_load                 246     104
keyctl                     250     219
kill                        62     129
landlock_add_rule          445     445
landlock_create_ruleset    444     444
landlock_restrict_self     446     446
lseek                        8      62
lstat                        6       -
madvise                     28     233
memfd_secret               447     447
mmap                         9     222
modify_ldt                 154       -
mount                      165      40
mount_setattr              442     442
move_mount                 429     429
mprotect                    10     226
mremap                      25     216
munmap                      11     215
nanosleep                   35     101
newfstatat                 262      79
open                         2       -
open_by_handle_at          304     265
open_tree                  428     428
openat                     257      56
openat2                    437     437
perf_event_open            298     241
pidfd_getfd                438     438
pidfd_open                 434     434
pidfd_send_signal          424     424
pivot_root                 155      41
pkey_mprotect              329     288
poll                         7       -
ppoll                      271      73
prctl                      157     167
pread64                     17      67
preadv                     295      69
prlimit64                  302     261
process_madvise            440     440
process_vm_readv           310     270
process_vm_writev          311     271
pselect6                   270      72
ptrace                     101     117
pwrite64                    18      68
pwritev                    296      70
quotactl                   179      60
read                         0      63
readlink                    89       -
readlinkat                 267      78
readv                       19      65
reboot                     169     142
recvmsg                     47     212
request_key                249     218
restart_syscall            219     128
rseq                       334     293
rt_sigaction                13     134
rt_sigprocmask              14     135
rt_sigreturn                15     139
sched_getaffinity          204     123
sched_yield                 24     124
seccomp                    317     277
select                      23       -
sendto                      44     206
set_robust_list            273      99
setdomainname              171     162
sethostname                170     161
setns                      308     268
setrlimit                  160     164
settimeofday               164     170
sigaltstack                131     132
stat                         4       -
statx                      332     291
swapoff                    168     225
swapon                     167     224
sysinfo                     99     179
syslog                     103     116
tgkill                     234     131
time                       201       -
times                      100     153
umount2                    166      39
uname                       63     160
unshare                    272      97
userfaultfd                323     282
vhangup                    153      58
write                        1      64
writev                      20      66
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor family: its name, its audit number (linux/audit.h), call numbers by name."""

    name: str
    audit: int
    numbers: dict[str, int]
    has_x32: bool = False


def _column(index: int) -> dict[str, int]:
    rows = (line.split() for line in _TABLE.strip().splitlines()[1:])
    return {row[0]: int(row[index]) for row in rows if row[index] != "-"}


MACHINES: dict[str, Machine] = {
    "x86_64": Machine("x86_64", 0xC000003E, _column(1), has_x32=True),
    "aarch64": Machine("aarch64", 0xC00000B7, _column(2)),
}


def machine_named(name: str) -> Machine:
    """Give the table of a processor by the kernel's name for it.

    Raises HostError (P2-H0913) for one without a table.
    """
    if name not in MACHINES:
        raise HostError(
            codes.UNKNOWN_MACHINE,
            f"the sandbox does not know the processor {name!r}",
            help=f"run plotter2 under 64-bit Linux on one of: {', '.join(MACHINES)}",
        )
    return MACHINES[name]


@cache
def this_machine() -> Machine:
    """Give the table of the processor that this process runs on.

    Raises HostError (P2-H0913) for any processor, word size or system without a table.
    """
    name = platform.machine()
    if struct.calcsize("P") != 8:
        name = f"32-bit {name}"
    if sys.platform != "linux":
        name = f"{name} under {platform.system()}"
    return machine_named(name)
