divert(-1)
dnl MAILER(`local'): users of this host (mailer local) and programs (mailer prog).
dnl
dnl Variables: LOCAL_MAILER_PATH, _ARGS, _FLAGS, _MAX, _MAXMSGS, _MAXRCPTS, _CHARSET, _EOL, _QGRP, _DSN_DIAGNOSTIC_CODE;
dnl LOCAL_SHELL_PATH, _ARGS, _FLAGS, _DIR, LOCAL_PROG_QGRP. FEATURE(`local_procmail'), FEATURE(`local_lmtp') and
dnl FEATURE(`smrsh') set them as these programs need it. With LOCAL_MAILER_PATH `[LOCAL]' the server delivers by itself.
dnl
dnl Example:
dnl   define(`LOCAL_MAILER_PATH', `[LOCAL]')
dnl   define(`LOCAL_MAILER_ARGS', `LOCAL maildir:/var/mail/$u/')
dnl   MAILER(`local')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/mail')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -d $u')
_DEFIFNOT(`LOCAL_MAILER_DSN_DIAGNOSTIC_CODE', `X-Unix')
_DEFIFNOT(`LOCAL_SHELL_PATH', `/bin/sh')
_DEFIFNOT(`LOCAL_SHELL_ARGS', `sh -c $u')
_DEFIFNOT(`LOCAL_SHELL_DIR', `$z:/')
# flags that every local mailer has; a null client keeps no users, aliases or files
define(`_LOCAL_ALWAYS_', `_OR_(`_DEF_LOCAL_MAILER_FLAGS', ifdef(`_NULL_CLIENT_', `lsDFM5q', `lsDFMAw5:/|@q'))')
PUSHDIVERT(7)
# --- local users and programs

# senders
SEnvFromL
R< @ >			$n			bounces come from the mailer daemon
R$*			$: $>AddDomain $1
ifdef(`_LOCAL_NO_MASQUERADE_', `R$* < @ *LOCAL* > $*	$: $1 < @ $j . > $2
', `R$*			$: $>MasqEnv $1
')dnl

# recipients: without the host
SEnvToL
R$+ < @ $* >		$: $1

# senders in header lines
SHdrFromL
R< @ >			$n
R$*			$: $>AddDomain $1
ifdef(`_LOCAL_NO_MASQUERADE_', `R$* < @ *LOCAL* > $*	$: $1 < @ $j . > $2
', `R$*			$: $>MasqHdr $1
')dnl

# recipients in header lines
SHdrToL
R$*			$: $>AddDomain $1
ifdef(`_ALL_MASQUERADE_', `ifdef(`_LOCAL_NO_MASQUERADE_', `', `R$*			$: $>MasqHdr $1
')')dnl
R$* < @ *LOCAL* > $*	$: $1 < @ $j . > $2

# users without a host get our name, when the site wants it everywhere
SAddDomain
ifdef(`_ALWAYS_ADD_DOMAIN_', `R$* :; < @ >		$@ $1 :; < @ >
R$* < @ $* > $*		$@ $1 < @ $2 > $3
R$+			$@ $1 < @ _ALWAYS_ADD_DOMAIN_ >
')dnl

ifdef(`_MSP_', `# the submission program hands everything to its server
Mlocal, P=[IPC], F=_CHANGED_FLAGS_(`LOCAL', `lmDFMuXkw5'), S=EnvFromL/HdrFromL, R=EnvToL/HdrToL, E=\r\n, _MLIMITS_(`LOCAL')T=DNS/RFC822/SMTP, A=TCP $h
Mprog, P=[IPC], F=lDFMuXk5, S=EnvFromL/HdrFromL, R=EnvToL/HdrToL, E=\r\n, T=X-Unix/X-Unix/X-Unix, A=TCP $h
', `Mlocal, P=LOCAL_MAILER_PATH, F=_CHANGED_FLAGS_(`LOCAL', _LOCAL_ALWAYS_`'_OR_(`LOCAL_MAILER_FLAGS', `Prmn9')), dnl
S=ifdef(`_LOCAL_LMTP_', `EnvFromSMTP', `EnvFromL')/HdrFromL, R=EnvToL/HdrToL, dnl
ifdef(`LOCAL_MAILER_EOL', `E=LOCAL_MAILER_EOL, ')_MLIMITS_(`LOCAL')`'dnl
T=DNS/RFC822/LOCAL_MAILER_DSN_DIAGNOSTIC_CODE, A=LOCAL_MAILER_ARGS
Mprog, P=LOCAL_SHELL_PATH, F=_OR_(`_DEF_LOCAL_SHELL_FLAGS', `lsDFMoq')`'_OR_(`LOCAL_SHELL_FLAGS', `eu9'), dnl
S=EnvFromL/HdrFromL, R=EnvToL/HdrToL, dnl
D=LOCAL_SHELL_DIR, ifdef(`LOCAL_MAILER_MAX', `M=LOCAL_MAILER_MAX, ')`'dnl
ifdef(`LOCAL_PROG_QGRP', `Q=LOCAL_PROG_QGRP, ')`'dnl
T=X-Unix/X-Unix/X-Unix, A=LOCAL_SHELL_ARGS
')dnl
POPDIVERT
