"""Collects what is written to syslog: `log-collector.py PORT` binds /dev/log, and gives whoever connects to the port what has
come since the one before. A line that was written before somebody asks is in the answer."""
import os
import socket
import sys

PATH = "/dev/log"
if os.path.lexists(PATH):
    os.unlink(PATH)
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
log.bind(PATH)
os.chmod(PATH, 0o666)
log.setblocking(False)
door = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    peer, _ = door.accept()
    lines = []
    while True:
        try:
            lines.append(log.recv(65536).rstrip(b"\0\n"))
        except BlockingIOError:
            break
    peer.sendall(b"".join(line + b"\n" for line in lines))
    peer.close()
