divert(-1)
dnl MAILER(`pop'): mail to user@host.POP goes to the POP folder of the user.
dnl
dnl Variables: POP_MAILER_PATH, _ARGS, _FLAGS, _QGRP.
dnl
dnl Example:
dnl   MAILER(`pop')
define(`_POP_', `1')
PUSHDIVERT(13)
# POP users
R$+ < @ POP . >		$#pop $: $1
R$+ < @ POP >		$#pop $: $1
POPDIVERT
PUSHDIVERT(7)
Mpop, P=_OR_(`POP_MAILER_PATH', `/usr/lib/mh/spop'), F=_MFLAGS_(`POP', `lsDFMq', `Penu'), dnl
S=EnvFromL, R=EnvToL/HdrToL, dnl
_MLIMITS_(`POP')`'dnl
T=DNS/RFC822/X-Unix, A=_OR_(`POP_MAILER_ARGS', `pop $u')
POPDIVERT
