divert(-1)
dnl MAILER(`phquery'): names are looked up in a CCSO (ph) directory by the mailer ph.
dnl
dnl Variables: PH_MAILER_PATH, _ARGS, _FLAGS, _QGRP.
dnl
dnl Example:
dnl   MAILER(`phquery')
PUSHDIVERT(7)
Mph, P=_OR_(`PH_MAILER_PATH', `/usr/local/etc/phquery'), F=_MFLAGS_(`PH', `nrDFM', `ehmu'), dnl
S=EnvFromL, R=EnvToL/HdrToL, dnl
_MLIMITS_(`PH')`'dnl
T=DNS/RFC822/X-Unix, A=_OR_(`PH_MAILER_ARGS', `phquery -- $u')
POPDIVERT
