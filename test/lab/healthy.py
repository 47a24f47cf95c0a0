"""Connections that nothing is wrong with: `healthy.py serve ADDR` and `healthy.py dial ADDR REFUSING KIND=COUNT…`.

Kinds and their ports: `keepalive` (three requests on one connection), `short` (one), `bulk` (64 KiB up, 64 KiB
down), `idle` (open until all others are done), `half` (the client sends FIN, then is answered), `fallback`
(REFUSING, an address where nobody listens, is tried first, as by a happy-eyeballs client).
"""

import asyncio
import resource
import sys

PORTS = {"keepalive": 8001, "short": 8002, "bulk": 8003, "idle": 8004, "half": 8005, "fallback": 8006}
REQUEST = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BULK = b"x" * 65536
# Connections of one kind at a time.
WIDTH = 16


async def answer(reader, writer) -> None:
    port = writer.get_extra_info("sockname")[1]
    try:
        if port == PORTS["bulk"]:
            await reader.readexactly(len(BULK))
            writer.write(BULK)
        elif port == PORTS["half"]:
            await reader.read()
            writer.write(RESPONSE)
        else:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(RESPONSE)
                if port != PORTS["keepalive"]:
                    await writer.drain()
    except asyncio.IncompleteReadError:
        pass
    writer.close()


async def serve(addr: str) -> None:
    servers = [await asyncio.start_server(answer, addr, port, backlog=1024) for port in PORTS.values()]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def ask(reader, writer) -> None:
    writer.write(REQUEST)
    await reader.readexactly(len(RESPONSE))


async def dial(addr: str, refusing: str, kind: str, others) -> None:
    if kind == "fallback":
        try:
            await asyncio.open_connection(refusing, PORTS[kind])
        except ConnectionRefusedError:
            pass
    reader, writer = await asyncio.open_connection(addr, PORTS[kind])
    if kind == "bulk":
        writer.write(BULK)
        await reader.readexactly(len(BULK))
    elif kind == "half":
        writer.write(REQUEST)
        writer.write_eof()
        await reader.readexactly(len(RESPONSE))
    else:
        for _ in range(3 if kind == "keepalive" else 1):
            await ask(reader, writer)
    if kind == "idle":
        await others.wait()
        await ask(reader, writer)
    writer.close()
    await writer.wait_closed()


async def every(addr: str, refusing: str, kind: str, count: int, others) -> None:
    left = iter(range(count))

    async def one_by_one() -> None:
        for _ in left:
            await dial(addr, refusing, kind, others)

    # The idle ones are all open at once.
    await asyncio.gather(*(one_by_one() for _ in range(count if kind == "idle" else WIDTH)))


async def dial_all(addr: str, refusing: str, *plan: str) -> None:
    others = asyncio.Event()
    tasks = {}
    for word in plan:
        kind, count = word.split("=")
        tasks[kind] = asyncio.create_task(every(addr, refusing, kind, int(count), others))
    await asyncio.gather(*(task for kind, task in tasks.items() if kind != "idle"))
    others.set()
    await asyncio.gather(*tasks.values())
    print("done", flush=True)


resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
asyncio.run(serve(sys.argv[2]) if sys.argv[1] == "serve" else dial_all(*sys.argv[2:]))
