"""Connections of the same ends: in two network namespaces, of several processes at once, and one after the other."""
import ctypes
import os
import signal
import socket
import struct
import sys

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
own = os.open('/proc/self/ns/net', os.O_RDONLY)
other = os.open('/run/netns/' + sys.argv[1], os.O_RDONLY)


def enter(netns):
    if libc.setns(netns, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), 'setns')


def listen(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('127.0.0.1', port))
    s.listen()
    return s


def dial(local, port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('127.0.0.1', local))
    s.connect(('127.0.0.1', port))
    return s


def connected(local, port):
    listener = listen(port)
    client = dial(local, port)
    server, _ = listener.accept()
    talk(client, server)
    return client, server, listener


def talk(a, b):
    for sender, receiver in ((a, b), (b, a)):
        sender.send(b'x')
        receiver.recv(1)


def failing(action):
    try:
        action()
    except OSError as error:
        # In one write: several processes print.
        os.write(1, f'{error.errno}\n'.encode())
    else:
        sys.exit('it did not fail')


# A reset in the other namespace, of the ends that a healthy connection has here.
healthy = connected(40000, 8080)
enter(other)
client, server, _ = connected(40000, 8080)
server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
server.close()
failing(lambda: client.recv(1))

# An established one there, of the ends that are refused here.
stranger = connected(45000, 8090)
enter(own)
failing(lambda: dial(45000, 8090))

# Several processes that cannot even send.
begin, go = os.pipe()
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(begin, 1)
        failing(lambda: socket.socket().connect(('203.0.113.9', 80)))
        os._exit(0)
    children.append(child)
os.close(go)
for child in children:
    os.waitpid(child, 0)

# Refused, and at once well, from the same port.
failing(lambda: dial(41000, 9090))
again = connected(41000, 9090)
for ends in (healthy, again):
    talk(*ends[:2])
    ends[0].close()
    ends[1].recv(1)
    ends[1].close()
print('done', flush=True)
# Who listened is asked when the connections are judged.
signal.pause()
