"""A filter that asks for every change there is, and says on standard output what it was told. Argument: its socket."""
import sys

import Milter


class EveryAction(Milter.Base):
    def __init__(self):
        self.recipients = []

    @staticmethod
    def say(*words):
        print(*words, flush=True)
        return Milter.CONTINUE

    def connect(self, host, family, address):
        return self.say("connect", host, address, self.getsymval("j"), self.getsymval("{daemon_name}"))

    def hello(self, name):
        return self.say("helo", name)

    def envfrom(self, path, *parameters):
        return self.say("mail", path, *parameters)

    def envrcpt(self, path, *parameters):
        self.say("rcpt", path, *parameters, self.getsymval("{rcpt_host}"))
        if path.startswith("<refused"):
            self.setreply("550", "5.7.1", "not this one", "100%% sure")
            return Milter.REJECT
        return Milter.CONTINUE

    def unknown(self, line):
        return self.say("unknown", line)

    def data(self):
        return self.say("data")

    def header(self, name, value):
        return self.say("header", repr(name), repr(value))

    def eoh(self):
        return self.say("eoh")

    def body(self, octets):
        self.say("body", len(octets))
        return Milter.SKIP

    def eom(self):
        self.say("eom", self.getsymval("{msg_id}"))
        self.addheader("X-Added", "one\n\ttwo")
        self.addheader("X-First", "yes", 0)
        self.chgheader("Subject", 1, "changed")
        self.chgheader("X-Gone", 1, "")
        self.addrcpt("<added@z.example>")
        self.addrcpt("<quiet@z.example>", "NOTIFY=NEVER")
        self.delrcpt("<dropped@y.example>")
        self.chgfrom("<other@x.example>")
        self.progress()
        self.replacebody("a new line\r\n" * 20000)
        self.quarantine("looks odd")
        return Milter.ACCEPT

    def abort(self):
        return self.say("abort")

    def close(self):
        return self.say("close")


Milter.factory = EveryAction
Milter.set_flags(
    Milter.ADDHDRS
    | Milter.CHGHDRS
    | Milter.CHGBODY
    | Milter.ADDRCPT
    | Milter.DELRCPT
    | Milter.QUARANTINE
    | Milter.CHGFROM
    | Milter.ADDRCPT_PAR
)
Milter.runmilter("every-action", sys.argv[1], 60)
