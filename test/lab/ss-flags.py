"""Sockets for `list -f netlink`, `list -T`, and what a filter says of device, mark, control group and path: prints `ready` and stays until it is killed."""

import ctypes
import os
import signal
import socket
import sys
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

# One socket bound to a device, three with marks, two with paths.
devoted = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
devoted.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
devoted.bind(("127.0.0.1", 4210))
marked = []
for mark in (1, 3, 0x80000000):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark.to_bytes(4, sys.byteorder))
    one.bind(("127.0.0.1", 4211 + len(marked)))
    marked.append(one)
named = []
for path in ("\0/tmp/.X11-unix/X4200", "\0/tmp/.x11-unix/other4200"):
    one = socket.socket(socket.AF_UNIX)
    one.bind(path)
    one.listen()
    named.append(one)
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
