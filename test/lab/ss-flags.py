"""Sockets for `list -f netlink` and `list -T`: prints `ready` and stays until it is killed."""

import ctypes
import os
import signal
import socket
import threading

CLONE_FILES = 0x400
KOBJECT_UEVENT = 15
GENERIC = 16

netlink = []
for protocol, groups in ((socket.NETLINK_ROUTE, 0), (GENERIC, 0), (KOBJECT_UEVENT, 1)):
    one = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    one.bind((0, groups))
    netlink.append(one)
connected = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
connected.connect((0, 0))

listener = socket.create_server(("127.0.0.1", 4200))
started = threading.Barrier(3)


def share():
    started.wait()
    threading.Event().wait()


def alone():
    """Leaves the descriptors of the process: what it opens then, no other thread has."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_FILES) == -1:
        os._exit(1)
    own = socket.create_server(("127.0.0.1", 4201))
    started.wait()
    threading.Event().wait(own.fileno() * 1e6)


for target in (share, alone):
    threading.Thread(target=target, daemon=True).start()
started.wait()
print("ready", flush=True)
signal.pause()
