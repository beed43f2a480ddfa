"""Verifies messages with dkimpy: {"dns": {NAME: TEXT}, "messages": [BASE64]} in, for each message
{"dkim": [TRUE OR FALSE for each signature], "arc": "pass"} out.
"""
import base64
import json
import sys

import dkim

asked = json.load(sys.stdin)


def dnsfunc(name, timeout=5):
    text = asked["dns"].get(name.decode().rstrip("."))
    return None if text is None else text.encode()


def judged(message):
    verifier = dkim.DKIM(message)
    count = sum(1 for name, _ in verifier.headers if name.lower() == b"dkim-signature")
    chain = dkim.ARC(message).verify(dnsfunc=dnsfunc)
    return {
        "dkim": [dkim.DKIM(message).verify(idx=index, dnsfunc=dnsfunc) for index in range(count)],
        "arc": (chain[0] or b"none").decode(),
        "reason": str(chain[2]),
    }


print(json.dumps([judged(base64.b64decode(message)) for message in asked["messages"]]))
