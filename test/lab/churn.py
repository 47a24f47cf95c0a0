"""Processes that open and close sockets all the time, and say afterwards what they held.

Arguments: FOLDER COUNT PAUSE. COUNT workers run until SIGTERM, or until whoever started them is gone, and pause
PAUSE seconds on average between two changes; each writes FOLDER/PID, one line for each descriptor
of a socket: `PID FD INODE PORT OPENED CLOSED`, PORT 0 for unix, times in ns of CLOCK_MONOTONIC: OPENED was read
before the descriptor was there, CLOSED after it was gone. `ready` is printed once every worker listens.
"""
import os
import random
import signal
import socket
import struct
import sys
import time

# Sockets that a worker holds at most, beside its listener.
LASTING = 16
folder, count, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
ending = False
starter = os.getppid()
os.nice(10)


def end(*_):
    global ending
    ending = True


def worker(ready):
    log = open(f'{folder}/{os.getpid()}', 'w')
    held = {}
    parent = os.getppid()

    def hold(one, opened, port=None):
        held[one] = (opened, one.fileno(), os.fstat(one.fileno()).st_ino, one.getsockname()[1] if port is None else port)
        return one

    def release(one, abort=False):
        # Without linger every close would leave a TIME_WAIT for a minute.
        if abort:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        opened, fd, inode, port = held.pop(one)
        one.close()
        log.write(f'{os.getpid()} {fd} {inode} {port} {opened} {time.monotonic_ns()}\n')

    def inherit():
        """A child shares every socket for a moment."""
        opened = time.monotonic_ns()
        log.flush()
        child = os.fork()
        if child == 0:
            time.sleep(random.random() / 100)
            os._exit(0)
        os.waitpid(child, 0)
        closed = time.monotonic_ns()
        for _, fd, inode, port in held.values():
            log.write(f'{child} {fd} {inode} {port} {opened} {closed}\n')

    opened = time.monotonic_ns()
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen()
    hold(listener, opened)
    os.write(ready, b'.')
    pool = []
    while not ending and os.getppid() == parent:
        opened = time.monotonic_ns()
        kind = random.random()
        if kind < 0.5:
            client = socket.create_connection(listener.getsockname())
            pool += [hold(client, opened), hold(listener.accept()[0], opened)]
        elif kind < 0.8:
            datagram = socket.socket(type=socket.SOCK_DGRAM)
            datagram.bind(('127.0.0.1', 0))
            pool.append(hold(datagram, opened))
        else:
            pool += [hold(one, opened, 0) for one in socket.socketpair()]
        if random.random() < 0.1:
            inherit()
        time.sleep(2 * random.random() * pause)
        # Some are gone at once, some stay for a second.
        while len(pool) > LASTING or pool and random.random() < 0.5:
            one = pool.pop(random.randrange(len(pool)))
            release(one, one.type == socket.SOCK_STREAM and random.random() < 0.9)
    for one in pool:
        release(one)
    release(listener)
    log.close()


signal.signal(signal.SIGTERM, end)
reader, writer = os.pipe()
workers = []
for _ in range(count):
    child = os.fork()
    if child == 0:
        random.seed()
        worker(writer)
        os._exit(0)
    workers.append(child)
for _ in workers:
    os.read(reader, 1)
print('ready', flush=True)
while not ending and os.getppid() == starter:
    time.sleep(0.1)
for child in workers:
    os.kill(child, signal.SIGTERM)
failed = [child for child in workers if os.waitpid(child, 0)[1] != 0]
sys.exit(1 if failed else 0)
