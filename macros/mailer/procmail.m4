divert(-1)
dnl MAILER(`procmail'): a mailer that mailertable entries can name: procmail:/etc/procmailrcs/some.
dnl
dnl Variables: PROCMAIL_MAILER_PATH, _ARGS, _FLAGS, _MAX, _QGRP.
dnl
dnl Example:
dnl   MAILER(`procmail')
_DEFIFNOT(`PROCMAIL_MAILER_PATH', `/usr/local/bin/procmail')
PUSHDIVERT(7)
Mprocmail, P=PROCMAIL_MAILER_PATH, F=_MFLAGS_(`PROCMAIL', `DFM', `SPhnu9'), dnl
S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP/HdrFromSMTP, dnl
_MLIMITS_(`PROCMAIL')`'dnl
T=DNS/RFC822/X-Unix, A=_OR_(`PROCMAIL_MAILER_ARGS', `procmail -Y -m $h $f $u')
POPDIVERT
