divert(-1)
dnl MAILER(`mail11'): DECnet neighbours: node::user and user@node.DECNET.
dnl
dnl Variables: MAIL11_MAILER_PATH, _ARGS, _FLAGS, _QGRP.
dnl
dnl Example:
dnl   MAILER(`mail11')
define(`_DECNET_', `1')
PUSHDIVERT(46)
# DECnet neighbours
R$* < @ $+ .DECNET > $*	$#mail11 $@ $2 $: $1
R$* < @ $+ .DECNET . > $*	$#mail11 $@ $2 $: $1
POPDIVERT
PUSHDIVERT(7)
Mmail11, P=_OR_(`MAIL11_MAILER_PATH', `/usr/etc/mail11'), F=_MFLAGS_(`MAIL11', `', `nsFx'), dnl
S=Mail11From, R=Mail11To, dnl
_MLIMITS_(`MAIL11')`'dnl
T=DNS/X-DECnet/X-Unix, A=_OR_(`MAIL11_MAILER_ARGS', `mail11 $g $x $h $u')

SMail11From
R$+ < @ $=w . >		$@ $1
R$+ < @ $- .UUCP >	$@ $1 < @ $2 .UUCP >
R$+ < @ $+ >		$@ $>MasqSMTP $1 < @ $2 >

SMail11To
R$+ < @ $=w . >		$: $1
R$+ < @ $- .UUCP >	$: $2 ! $1
R$+ < @ $- .DECNET >	$@ $2 :: $1
R$+ < @ $- .DECNET . >	$@ $2 :: $1
POPDIVERT
