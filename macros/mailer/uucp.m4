divert(-1)
dnl MAILER(`uucp'): neighbours that are reached by UUCP. Mailers uucp-old (one recipient at a time), uucp-new (several), both with
dnl exclamation mark addresses; with MAILER(`smtp') in front of it also uucp-dom (domain addresses) and uucp-uudom (domain
dnl addresses, exclamation marks in the envelope sender).
dnl
dnl Variables: UUCP_MAILER_PATH, _ARGS, _FLAGS, _MAX, _CHARSET, _QGRP.
dnl
dnl Example:
dnl   MAILER(`smtp')
dnl   MAILER(`uucp')
define(`_UUCP_', `1')
_DEFIFNOT(`UUCP_MAILER_PATH', `/usr/bin/uux')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g -gC $h!rmail ($u)')
_DEFIFNOT(`UUCP_MAILER_MAX', `100000')
define(`_UUCP_LINE_', `M$1, P=UUCP_MAILER_PATH, F=_CHANGED_FLAGS_(`UUCP', `$2'_OR_(`UUCP_MAILER_FLAGS', `')), dnl
S=$3, R=$4, dnl
_MLIMITS_(`UUCP')`'dnl
T=X-UUCP/X-UUCP/X-Unix, A=UUCP_MAILER_ARGS')
dnl _TO_PATH_: rules that make a path with exclamation marks of an address with a host
define(`_TO_PATH_', `R$`'* < @ $`'- .UUCP . >	$: $`'2 ! $`'1
R$`'* < @ $`'- .UUCP >	$: $`'2 ! $`'1
R$`'* < @ $`'+ . >		$: $`'2 ! $`'1
R$`'* < @ $`'+ >		$: $`'2 ! $`'1')
PUSHDIVERT(7)
# --- UUCP

# senders
SFromU
R:; < @ >		$@
R$* :; < @ >		$@ $1 :; < @ >
R< @ >			$n
R$* < @ *LOCAL* >	$: $1 < @ $j . >
R< @ $=w . >		$@
R$* < @ $=w . >		$: < ! > $?U $U $| $k $. ! $1
_TO_PATH_
R$+			$: $>ByUs $1

# recipients in envelopes and header lines: each for itself, as sites add rules to one of them
SEnvToU
R$* :; < @ >		$@ $1 :; < @ >
R$* < @ $=w . >		$: $1
_TO_PATH_

SHdrToU
R$* :; < @ >		$@ $1 :; < @ >
R$* < @ $=w . >		$: $1
_TO_PATH_
R$+			$: $>ByUs $1

# a path begins at us, unless it begins at the host where it goes or (marked) has begun at us already
SByUs
R< ! > $+		$@ $1
R$&h ! $+		$: < $&h > $1
R< $+ > $+ ! $+		$@ $2 ! $3
R< $+ > $+		$@ $1 ! $2
R$+			$@ $?U $U $| $k $. ! $1

ifdef(`_MAILER_smtp_', `# envelope senders for neighbours that know domains
SEnvFromUD
R< @ >			$: $n
R$*			$@ $>EnvFromSMTP $1

SEnvFromUUD
R< @ >			$: $n
R$*			$: $>EnvFromSMTP $1
R< @ >			$@ < @ >
R$* < @ $- .UUCP . >	$@ $2 ! $1
R$* < @ $- .UUCP >	$@ $2 ! $1
R$* < @ $+ . >		$@ $2 ! $1
R$* < @ $+ >		$@ $2 ! $1
')dnl

_UUCP_LINE_(`uucp', `DFMhuUd', `FromU', `EnvToU/HdrToU')
_UUCP_LINE_(`uucp-old', `DFMhuUd', `FromU', `EnvToU/HdrToU')
_UUCP_LINE_(`suucp', `mDFMhuUd', `FromU', `EnvToU/HdrToU')
_UUCP_LINE_(`uucp-new', `mDFMhuUd', `FromU', `EnvToU/HdrToU')
ifdef(`_MAILER_smtp_', `_UUCP_LINE_(`uucp-dom', `mDFMhud', `EnvFromUD/HdrFromSMTP', `EnvToSMTP/_HDR_TO_SMTP_')
_UUCP_LINE_(`uucp-uudom', `mDFMhud', `EnvFromUUD/HdrFromSMTP', `EnvToSMTP/_HDR_TO_SMTP_')
')dnl
POPDIVERT
