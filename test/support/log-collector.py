"""Collects what is written to syslog: `log-collector.py PORT` binds /dev/log, and gives whoever connects to the port what has
come since the one before. A line that was written before somebody asks is in the answer."""
import os
import select
import socket
import sys

PATH = "/dev/log"
if os.path.lexists(PATH):
    os.unlink(PATH)
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(PATH)
os.chmod(PATH, 0o666)
log.setblocking(False)
door = socket.create_server(("127.0.0.1", int(sys.argv[1])))
lines = []


def take():
    """The kernel keeps ten lines: who writes more waits."""
    try:
        while True:
            lines.append(log.recv(65536).rstrip(b"\0\n") + b"\n")
    except BlockingIOError:
        pass


while True:
    ready, _, _ = select.select([log, door], [], [])
    take()
    if door in ready:
        peer, _ = door.accept()
        take()
        peer.sendall(b"".join(lines))
        peer.close()
        lines.clear()
