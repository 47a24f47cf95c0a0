"""Runs a command that cannot see one plane: `without.py wire|socket|process|kernel COMMAND…`.

Each is a thing that happens to real programs: a container's seccomp profile refuses bpf() and perf_event_open();
sock_diag is refused and /proc/net is masked; CAP_NET_RAW or CAP_SYS_PTRACE is not among the capabilities.
"""

import ctypes
import os
import platform
import struct
import sys

ARM = platform.machine() == "aarch64"
BPF, PERF_EVENT_OPEN, SOCKET = (280, 241, 198) if ARM else (321, 298, 41)
CAP_NET_RAW, CAP_SYS_PTRACE = 13, 19
PR_SET_SECCOMP, PR_CAPBSET_DROP = 22, 24
CLONE_NEWNS = 0x20000
AF_NETLINK, NETLINK_SOCK_DIAG = 16, 4
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050001
# Offsets in struct seccomp_data.
NUMBER, FIRST, THIRD = 0, 16, 32

libc = ctypes.CDLL(None, use_errno=True)


def must(what: str, result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def seccomp(*code: tuple[int, int, int, int]) -> None:
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    head = ctypes.create_string_buffer(struct.pack("HP", len(code), ctypes.addressof(program)))
    must("seccomp", libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(head), 0, 0))


def kernel() -> None:
    seccomp(
        (LOAD, 0, 0, NUMBER),
        (JUMP_EQUAL, 2, 0, BPF),
        (JUMP_EQUAL, 1, 0, PERF_EVENT_OPEN),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    )


def socket() -> None:
    net = f"/proc/{os.getpid()}/task/{os.getpid()}/net"
    devices = os.open(f"{net}/dev", os.O_RDONLY)
    must("unshare", libc.unshare(CLONE_NEWNS))
    must("mount", libc.mount(b"none", net.encode(), b"tmpfs", 0, None))
    # The list of interfaces stays.
    with open(f"{net}/dev", "wb") as copy:
        copy.write(os.read(devices, 65536))
    seccomp(
        (LOAD, 0, 0, NUMBER),
        (JUMP_EQUAL, 0, 5, SOCKET),
        (LOAD, 0, 0, FIRST),
        (JUMP_EQUAL, 0, 3, AF_NETLINK),
        (LOAD, 0, 0, THIRD),
        (JUMP_EQUAL, 0, 1, NETLINK_SOCK_DIAG),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    )


def wire() -> None:
    must("prctl", libc.prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0))


def process() -> None:
    must("prctl", libc.prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0))


{"wire": wire, "socket": socket, "process": process, "kernel": kernel}[sys.argv[1]]()
os.execvp(sys.argv[2], sys.argv[2:])
