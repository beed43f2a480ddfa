"""A filter that greylists: who sends to whom for the first time is to come again. Argument: its socket."""
import sys

import Milter

SEEN = set()


class Greylist(Milter.Base):
    @Milter.noreply
    def connect(self, host, family, address):
        self.client = address[0] if isinstance(address, tuple) else host
        return Milter.CONTINUE

    def envfrom(self, path, *parameters):
        self.sender = path
        return Milter.CONTINUE

    def envrcpt(self, path, *parameters):
        triplet = (self.client, self.sender, path)
        if triplet in SEEN:
            return Milter.CONTINUE
        SEEN.add(triplet)
        self.setreply("451", "4.7.1", "Greylisted, come again")
        return Milter.TEMPFAIL


Milter.factory = Greylist
Milter.runmilter("greylist", sys.argv[1], 60)
