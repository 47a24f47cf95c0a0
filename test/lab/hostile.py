"""Sockets whose names are made to draw on a terminal: this process's own, its arguments and its paths.

Arguments: FOLDER, CGROUP (of version 2, a folder that is there; none when empty), then anything. Prints `ready` and stays until it is killed.
"""
import os
import signal
import socket
import sys

NASTY = b'\x1b[2J\x1b]0;x\x07\r\n\xe2\x80\xae\xc2\x9b31m\xff\xfe'
folder = os.fsencode(sys.argv[1])
with open('/proc/self/comm', 'wb') as comm:
    comm.write(b'\x1b[2J\n\xe2\x80\xae\xc2\x9b\xff(')
if sys.argv[2]:
    group = os.path.join(os.fsencode(sys.argv[2]), b'lxc', NASTY.replace(b'\n', b''))
    os.makedirs(group)
    with open(os.path.join(group, b'cgroup.procs'), 'wb') as members:
        members.write(b'%d' % os.getpid())
place = os.path.join(folder, NASTY)
os.mkdir(place)
os.chdir(place)
tcp = socket.socket()
tcp.bind(('127.0.0.1', 4300))
tcp.listen()
client = socket.create_connection(('127.0.0.1', 4300))
accepted, _ = tcp.accept()
paths = [os.path.join(folder, b'path' + NASTY), b'\0abstract\0' + NASTY]
kept = []
for path in paths:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path)
    kept += [listener, peer, listener.accept()[0]]
print('ready', flush=True)
signal.pause()
