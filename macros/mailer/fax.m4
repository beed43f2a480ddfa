divert(-1)
dnl MAILER(`fax'): mail to user@number.FAX is sent by fax.
dnl
dnl Variables: FAX_MAILER_PATH, _ARGS, _MAX, _QGRP.
dnl
dnl Example:
dnl   MAILER(`fax')
define(`_FAX_', `1')
_DEFIFNOT(`FAX_MAILER_MAX', `100000')
PUSHDIVERT(13)
# fax numbers
R$* < @ $+ .FAX > $*	$#fax $@ $2 $: $1
R$* < @ $+ .FAX . > $*	$#fax $@ $2 $: $1
POPDIVERT
PUSHDIVERT(7)
Mfax, P=_OR_(`FAX_MAILER_PATH', `/usr/bin/faxmail'), F=DFMhu, _MLIMITS_(`FAX')T=X-Phone/X-FAX/X-Unix, A=_OR_(`FAX_MAILER_ARGS', `faxmail -d $u@$h $f')
POPDIVERT
