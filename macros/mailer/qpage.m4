divert(-1)
dnl MAILER(`qpage'): pages are sent by QuickPage.
dnl
dnl Variables: QPAGE_MAILER_PATH, _ARGS, _FLAGS, _MAX, _QGRP.
dnl
dnl Example:
dnl   MAILER(`qpage')
_DEFIFNOT(`QPAGE_MAILER_MAX', `4096')
PUSHDIVERT(7)
Mqpage, P=_OR_(`QPAGE_MAILER_PATH', `/usr/local/bin/qpage'), F=_MFLAGS_(`QPAGE', `', `mDFMs'), dnl
_MLIMITS_(`QPAGE')`'dnl
T=DNS/RFC822/X-Unix, A=_OR_(`QPAGE_MAILER_ARGS', `qpage -l0 -m -P$u')
POPDIVERT
