"""What `list -ano` shows of sockets held still, on terminals of several widths and in a pipe.

Argument: the executable. In a pid namespace of its own this is pid 1, so that its number is always the same. Prints
JSON: an object of texts by `WIDTH plain`, `WIDTH color` and `pipe`.
"""

import fcntl
import json
import os
import pty
import socket
import struct
import subprocess
import sys
import termios

# 545 min 59 s, the longest that stays the same text, whole minutes, for most of a minute: the kernel takes 32767 s at most.
IDLE = 32759
executable = sys.argv[1]
kept = []


def keep(one):
    kept.append(one)
    return one


def bound(family, kind, address):
    one = keep(socket.socket(family, kind))
    if family == socket.AF_INET6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(address)
    return one


def connect(family, listener, port, keepalive=False):
    address = listener.getsockname()
    client = bound(family, socket.SOCK_STREAM, (address[0], port))
    if keepalive:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE)
    client.connect(address[:2])
    return client, keep(listener.accept()[0])


everywhere = bound(socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 4300))
everywhere.listen(511)
long = bound(socket.AF_INET6, socket.SOCK_STREAM, ("2001:db8:85a3:8d3:1319:8a2e:370:7348", 4301))
long.listen(4096)
here = bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 4302))
here.listen(16)
bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 4303))
bound(socket.AF_INET6, socket.SOCK_DGRAM, ("::", 4304))
peer = bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 4305))
peer.connect(("127.0.0.1", 4303))
connect(socket.AF_INET, here, 4310, keepalive=True)
connect(socket.AF_INET6, long, 4311)
sender, receiver = connect(socket.AF_INET, here, 4312)
sender.sendall(b"x" * 1234)
half, other = connect(socket.AF_INET, here, 4313)
half.shutdown(socket.SHUT_WR)
# Waits to be accepted: nobody holds it yet.
waiting = bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 4314))
waiting.connect(("127.0.0.1", 4302))

environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}


def run(color):
    return [executable, "list", "-ano", "--no-pager", "--color", color]


def on_terminal(width, color):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    child = subprocess.Popen(run(color), stdin=slave, stdout=slave, stderr=slave, env=environment, close_fds=True)
    os.close(slave)
    text = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(master)
    child.wait()
    return text.decode().replace("\r\n", "\n")


shown = {"pipe": subprocess.run(run("never"), stdout=subprocess.PIPE, env=environment, check=True).stdout.decode()}
for width in (60, 80, 120, 200):
    shown[f"{width} plain"] = on_terminal(width, "never")
    shown[f"{width} color"] = on_terminal(width, "auto")
print(json.dumps(shown))
