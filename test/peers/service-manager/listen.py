"""A service manager for one service: listen.py FOLDER COMMAND... starts it, hears what it says at NOTIFY_SOCKET, has it read
its configuration again when it is ready, and end when it is ready once more and has shown life. Prints each message but signs of
life, and how the service ended."""
import os, signal, socket, subprocess, sys

folder, *command = sys.argv[1:]
place = os.path.join(folder, "notify")
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(place)
os.chmod(place, 0o777)
listener.settimeout(50)
service = subprocess.Popen(command, env={**os.environ, "NOTIFY_SOCKET": place, "WATCHDOG_USEC": "500000"},
                           stdout=subprocess.DEVNULL)
ready, alive, ended, last = 0, False, False, None
while last != "STOPPING=1":
    said = listener.recv(4096).decode().strip().split("\n")
    if said[0].startswith("WATCHDOG"):
        alive = True
    elif not said[0].startswith("BARRIER"):  # systemd-notify waits until this one was taken, too
        last = said[0]
        print(last, *(word.split("=")[0] for word in said[1:]))
    if last == "READY=1" and said[0] == last:
        ready += 1
        if ready == 1:
            os.kill(service.pid, signal.SIGHUP)
    if ready == 2 and alive and not ended:
        ended = True
        print("alive")
        os.kill(service.pid, signal.SIGTERM)
listener.recv(4096)  # the last BARRIER
print("status", service.wait())
