divert(-1)
dnl MAILER(`cyrusv2'): delivery to Cyrus by LMTP on its unix socket.
dnl
dnl Variables: CYRUSV2_MAILER_ARGS (default `FILE /var/imap/socket/lmtp'), _FLAGS, _MAXMSGS, _MAXRCPTS, _CHARSET, _QGRP.
dnl
dnl Example:
dnl   define(`confLOCAL_MAILER', `cyrusv2')
dnl   MAILER(`cyrusv2')
PUSHDIVERT(7)
Mcyrusv2, P=[IPC], F=_MFLAGS_(`CYRUSV2', `lsDFMnqXz', `A@/:|m'), dnl
S=EnvFromSMTP/HdrFromL, R=EnvToL/HdrToL, E=\r\n, dnl
_MLIMITS_(`CYRUSV2')`'dnl
T=DNS/RFC822/SMTP, A=_OR_(`CYRUSV2_MAILER_ARGS', `FILE /var/run/cyrus/socket/lmtp')
POPDIVERT
