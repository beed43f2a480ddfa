divert(-1)
dnl MAILER(`usenet'): mail to group.USENET becomes a news article.
dnl
dnl Variables: USENET_MAILER_PATH, _ARGS, _FLAGS, _MAX, _QGRP.
dnl
dnl Example:
dnl   MAILER(`usenet')
PUSHDIVERT(33)
# groups
R$+ .USENET		$#usenet $@ usenet $: $1
POPDIVERT
PUSHDIVERT(7)
Musenet, P=_OR_(`USENET_MAILER_PATH', `/usr/lib/news/inews'), F=_MFLAGS_(`USENET', `', `rsDFMmn'), dnl
S=EnvFromL, R=EnvToL, dnl
_MLIMITS_(`USENET')`'dnl
T=X-Usenet/X-Usenet/X-Unix, A=_OR_(`USENET_MAILER_ARGS', `inews -m -h -n') $u
POPDIVERT
