divert(-1)
dnl MAILER(`cyrus'): delivery by the deliver program of Cyrus: mailers cyrus (users) and cyrusbb (bulletin boards bb+name).
dnl
dnl Variables: CYRUS_MAILER_PATH, _ARGS, _FLAGS, _MAX, _USER, _QGRP; CYRUS_BB_MAILER_ARGS, _FLAGS.
dnl
dnl Example:
dnl   define(`confLOCAL_MAILER', `cyrus')
dnl   MAILER(`cyrus')
_DEFIFNOT(`CYRUS_MAILER_USER', `cyrus:mail')
_DEFIFNOT(`CYRUS_MAILER_PATH', `/usr/sbin/cyrdeliver')
PUSHDIVERT(7)
Mcyrus, P=CYRUS_MAILER_PATH, F=_MFLAGS_(`CYRUS', `lsDFMnPq', `Ah5@/:|'), dnl
S=EnvFromL, R=EnvToL/HdrToL, dnl
_MLIMITS_(`CYRUS')`'dnl
T=DNS/RFC822/X-Unix, A=_OR_(`CYRUS_MAILER_ARGS', `cyrdeliver -e -m $h -- $u')
Mcyrusbb, P=CYRUS_MAILER_PATH, F=_CHANGED_FLAGS_(`CYRUS', `lsDFMnP'_OR_(`CYRUS_BB_MAILER_FLAGS', `u')), dnl
S=EnvFromL, R=EnvToL/HdrToL, dnl
_MLIMITS_(`CYRUS')`'dnl
T=DNS/RFC822/X-Unix, A=_OR_(`CYRUS_BB_MAILER_ARGS', `cyrdeliver -e -m $u')
POPDIVERT
