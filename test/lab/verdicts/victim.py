"""A program whose connections go wrong: `victim.py OP…`, each OP one argument of words, done in order.

Prints a JSON line for everything that a caller would see: {"op", "error": errno name or null, …}; a line
{"op": "done"} at the end, and then lives, with all its sockets open, until it is killed.
"""

import ctypes
import errno
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

SO_ATTACH_FILTER = 26
TCP_USER_TIMEOUT = 18
IPPROTO_IPV6_HOPS = 16
IP_FREEBIND = 15

listeners: dict[str, socket.socket] = {}
conns: list[socket.socket] = []


def say(op: str, **more: object) -> None:
    print(json.dumps({"op": op, "pid": os.getpid(), **more}), flush=True)


def options(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words)


def family(addr: str) -> int:
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def attempt(op: str, call) -> bool:
    """Does what may fail, and says how it ended."""
    try:
        value = call()
        say(op, error=None, value=value)
        return True
    except socket.gaierror as error:
        say(op, error=socket.gaierror.__name__, value=error.errno)
    except TimeoutError as error:
        # A time-out of the kernel has an errno; Python's own has none.
        say(op, error="ETIMEDOUT" if error.errno == errno.ETIMEDOUT else "waited")
    except OSError as error:
        say(op, error=errno.errorcode[error.errno])
    return False


def listen(addr: str, port: str, *words: str) -> None:
    given = options(words)
    sock = socket.socket(family(addr), socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family(addr) == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(given.get("v6only", "1")))
    if "rcvbuf" in given:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(given["rcvbuf"]))
    if "device" in given:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, given["device"].encode())
    sock.bind((addr, int(port)))
    sock.listen(int(given.get("backlog", "128")))
    if given.get("filter") == "none":
        # One instruction: return 0, so no packet is taken.
        code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(code)))
    listeners[port] = sock
    say("listen")


def accept(port: str | None = None) -> None:
    listener = listeners[port] if port else next(iter(listeners.values()))
    conns.append(listener.accept()[0])
    say("accept")


def serve(port: str) -> None:
    """Takes every connection and does nothing with it."""
    while True:
        conns.append(listeners[port].accept()[0])


def echo(port: str) -> None:
    while True:
        conn = listeners[port].accept()[0]
        while data := conn.recv(65536):
            conn.sendall(data)
        conn.close()


def connect(addr: str, port: str, *words: str) -> None:
    given = options(words)
    sock = socket.socket(family(addr), socket.SOCK_STREAM)
    conns.append(sock)
    if "device" in given:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, given["device"].encode())
    if "ttl" in given:
        level, name = (
            (socket.IPPROTO_IPV6, IPPROTO_IPV6_HOPS)
            if family(addr) == socket.AF_INET6
            else (socket.IPPROTO_IP, socket.IP_TTL)
        )
        sock.setsockopt(level, name, int(given["ttl"]))
    if "user_timeout" in given:
        sock.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, int(given["user_timeout"]))
    if "keepalive" in given:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
            sock.setsockopt(socket.IPPROTO_TCP, option, int(given["keepalive"]))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if "free" in given:
        sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    if "from" in given or "port" in given:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wildcard = "::" if family(addr) == socket.AF_INET6 else "0.0.0.0"
        sock.bind((given.get("from", wildcard), int(given.get("port", "0"))))

    def call() -> list:
        # A link-local address names its interface: `fe80::1%eth0`.
        sock.connect(socket.getaddrinfo(addr, int(port), type=socket.SOCK_STREAM)[0][4])
        return list(sock.getsockname()[:2])

    attempt("connect", call)


def send(size: str) -> None:
    attempt("send", lambda: conns[-1].send(b"x" * int(size)))


def pour(seconds: str) -> None:
    """Sends until nothing more is taken for so long."""
    conns[-1].settimeout(float(seconds))
    chunk = b"x" * 65536
    while attempt("pour", lambda: conns[-1].send(chunk)):
        pass
    conns[-1].settimeout(None)


def recv(seconds: str = "10") -> None:
    conns[-1].settimeout(float(seconds))
    attempt("recv", lambda: len(conns[-1].recv(65536)))
    conns[-1].settimeout(None)


def udp(addr: str, port: str) -> None:
    sock = socket.socket(family(addr), socket.SOCK_DGRAM)
    conns.append(sock)
    sock.connect((addr, int(port)))
    sock.send(b"anybody?")
    sock.settimeout(2)
    attempt("udp", lambda: len(sock.recv(2048)))


def linger0() -> None:
    conns[-1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close() -> None:
    conns.pop().close()


def unlisten(port: str) -> None:
    listeners.pop(port).close()


def half_close() -> None:
    conns[-1].shutdown(socket.SHUT_WR)


def older() -> None:
    """The operations that follow are for the connection before this one."""
    conns.insert(0, conns.pop())


def landlock() -> None:
    """From now on this process may connect to no TCP port (landlock_create_ruleset, then restrict_self)."""
    libc = ctypes.CDLL(None, use_errno=True)
    connect_tcp = struct.pack("QQ", 0, 2)
    ruleset = libc.syscall(444, ctypes.c_char_p(connect_tcp), ctypes.c_size_t(len(connect_tcp)), 0)
    libc.prctl(38, 1, 0, 0, 0)
    if ruleset < 0 or libc.syscall(446, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock")


def cgroup(state: str) -> None:
    """`deny`: into a control group whose BPF program refuses every connect(); `free`: out of it, and it is removed."""
    mount = f"/tmp/skl-cgroup-{os.getpid()}"
    group = f"{mount}/skl-{os.getpid()}"
    libc = ctypes.CDLL(None, use_errno=True)
    if state == "free":
        with open(f"{mount}/cgroup.procs", "w") as procs:
            procs.write(str(os.getpid()))
        os.rmdir(group)
        libc.umount2(mount.encode(), 2)
        os.rmdir(mount)
        return
    os.mkdir(mount)
    libc.unshare(0x20000)
    if libc.mount(b"none", mount.encode(), b"cgroup2", 0, None) != 0:
        raise OSError(ctypes.get_errno(), "mount cgroup2")
    os.mkdir(group)
    # r0 = 0; exit
    code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0))
    licence = ctypes.create_string_buffer(b"GPL")
    number = 280 if os.uname().machine == "aarch64" else 321
    with open(f"{group}/cgroup.procs", "w") as procs:
        procs.write(str(os.getpid()))
    directory = os.open(group, os.O_RDONLY)
    # BPF_CGROUP_INET4_CONNECT and BPF_CGROUP_INET6_CONNECT
    for hook in (10, 11):
        load = struct.pack("<IIQQIIQII16sII", 18, 2, ctypes.addressof(code), ctypes.addressof(licence), 0, 0, 0, 0, 0, b"", 0, hook)
        program = libc.syscall(number, 5, ctypes.c_char_p(load), len(load))
        attach = struct.pack("<IIII", directory, program, hook, 0)
        if program < 0 or libc.syscall(number, 8, ctypes.c_char_p(attach), len(attach)) != 0:
            raise OSError(ctypes.get_errno(), "bpf")


def lookup(server: str, name: str, port: str) -> None:
    """Asks a DNS server for an A record, as a resolver does, and connects to the answer."""
    query = struct.pack(">HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0)
    for label in name.split("."):
        query += bytes([len(label)]) + label.encode()
    query += b"\0" + struct.pack(">HH", 1, 1)
    sock = socket.socket(family(server), socket.SOCK_DGRAM)
    sock.connect((server, 53))
    sock.send(query)
    answer = sock.recv(512)
    if answer[3] & 15:
        say("lookup", error="NXDOMAIN")
        return
    connect(socket.inet_ntoa(answer[-4:]), port)


def answer_names(addr: str, *records: str) -> None:
    """A DNS server of a few A records, `name=address`; every other name does not exist."""
    sock = socket.socket(family(addr), socket.SOCK_DGRAM)
    sock.bind((addr, 53))
    say("listen")
    known = options(list(records))
    while True:
        query, asker = sock.recvfrom(512)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        address = known.get(".".join(labels))
        question = query[12 : at + 5]
        head = query[:2] + (b"\x81\x80" if address else b"\x81\x83")
        reply = head + struct.pack(">HHHH", 1, 1 if address else 0, 0, 0) + question
        if address:
            reply += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
        sock.sendto(reply, asker)


def wait() -> None:
    """Until somebody sends SIGUSR1: blocked from the start, so none is missed."""
    signal.sigwait({signal.SIGUSR1})


def sleep(seconds: str) -> None:
    time.sleep(float(seconds))


def sh(*words: str) -> None:
    subprocess.run(" ".join(words), shell=True, check=True)


def leave() -> None:
    say("done")
    sys.exit(0)


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
for line in sys.argv[1:]:
    name, *rest = line.split(" ")
    globals()[name.replace("-", "_")](*rest)
say("done")
signal.pause()
