"""Packets that no socket would send, from a raw socket: `raw.py WHAT KEY=VALUE…`.

  syn     COUNT SYNs from ports `sport`, `sport`+1, …; with `bad` the checksum is wrong
  rst     waits for a segment from `src` to `dst` on `iface` that carries data, and forges a reset of it towards
          `dst`, as a middlebox would, with the given `ttl`
  refuse  waits for a SYN to `dst` on `iface` and answers it by RST, as a closed port would
Prints {"op": "ready"} before it waits and {"op": "sent"} after each packet.
"""

import json
import socket
import struct
import sys

ETH_P_ALL = 3
IPV6_HDRINCL = 36


def say(op: str) -> None:
    print(json.dumps({"op": op}), flush=True)


def checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(addr: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in addr else socket.AF_INET, addr)


def segment(src: str, dst: str, sport: int, dport: int, seq: int, ack: int, flags: int, ttl: int, bad=False):
    """One TCP segment without data, with its IP header."""
    options = b"\x02\x04\x05\xb4" if flags & 2 else b""
    offset = (5 + len(options) // 4) << 4
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, offset, flags, 0 if flags & 4 else 64240, 0, 0)
    tcp += options
    pseudo = packed(src) + packed(dst) + struct.pack(">HH", 6, len(tcp))
    total = checksum(pseudo + tcp) ^ (0x5555 if bad else 0)
    tcp = tcp[:16] + struct.pack(">H", total) + tcp[18:]
    if ":" in src:
        return struct.pack(">IHBB", 6 << 28, len(tcp), 6, ttl) + packed(src) + packed(dst) + tcp
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 7, 0, ttl, 6, 0) + packed(src) + packed(dst)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + tcp


def sender(addr: str):
    sock = socket.socket(
        socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW
    )
    if ":" in addr:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
    return lambda packet: sock.sendto(packet, (addr, 0))


def syn(src: str, dst: str, sport: int, dport: int, count: int, bad: bool) -> None:
    give = sender(dst)
    for n in range(count):
        give(segment(src, dst, sport + n, dport, 1000 + n, 0, 2, 64, bad))
        say("sent")


def listen(iface: str) -> socket.socket:
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    tap.bind((iface, ETH_P_ALL))
    say("ready")
    return tap


def refuse(iface: str, dst: str) -> None:
    """IPv4 without options alone."""
    tap = listen(iface)
    while True:
        packet = tap.recv(65536)
        if packet[0] != 0x45 or packet[16:20] != packed(dst) or packet[9] != 6 or packet[33] & 0x12 != 2:
            continue
        sport, dport, seq = struct.unpack(">HHI", packet[20:28])
        src = socket.inet_ntoa(packet[12:16])
        sender(src)(segment(dst, src, dport, sport, 0, seq + 1, 0x14, 64))
        say("sent")
        return


def rst(iface: str, src: str, dst: str, ttl: int) -> None:
    tap = listen(iface)
    size = 16 if ":" in src else 4
    start = 8 if ":" in src else 12
    wanted = packed(src) + packed(dst)
    while True:
        packet = tap.recv(65536)
        head = 40 if ":" in src else (packet[0] & 15) * 4
        if packet[start : start + 2 * size] != wanted or packet[6 if ":" in src else 9] != 6:
            continue
        sport, dport, seq, ack, offset, flags = struct.unpack(">HHIIBB", packet[head : head + 14])
        length = len(packet) - head - (offset >> 4) * 4
        if length == 0 or flags & 4:
            continue
        sender(dst)(segment(src, dst, sport, dport, seq + length, ack, 0x14, ttl))
        say("sent")
        return


given = dict(word.split("=", 1) for word in sys.argv[2:])
if sys.argv[1] == "syn":
    syn(
        given["src"],
        given["dst"],
        int(given.get("sport", "20000")),
        int(given["dport"]),
        int(given.get("count", "1")),
        "bad" in given,
    )
elif sys.argv[1] == "refuse":
    refuse(given["iface"], given["dst"])
else:
    rst(given["iface"], given["src"], given["dst"], int(given["ttl"]))
