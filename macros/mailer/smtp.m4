divert(-1)
dnl MAILER(`smtp'): mail for other hosts by SMTP. Five mailers: smtp, esmtp (extended SMTP, the usual one), smtp8 (8 bit without
dnl being asked), dsmtp (only on demand: ETRN or a queue run that selects it), relay (to our own relays: addresses stay as they
dnl are).
dnl
dnl Variables: SMTP_MAILER_FLAGS, SMTP_MAILER_MAX, _MAXMSGS, _MAXRCPTS, _CHARSET, _LL, _QGRP for all but relay;
dnl SMTP_MAILER_ARGS, ESMTP_MAILER_ARGS, SMTP8_MAILER_ARGS, DSMTP_MAILER_ARGS; RELAY_MAILER_FLAGS, _ARGS, _MAXMSGS, _LL, _QGRP.
dnl
dnl Example:
dnl   define(`SMTP_MAILER_MAX', `20000000')
dnl   MAILER(`smtp')
ifdef(`_UUCP_', `_WARNING_(`MAILER(smtp) stands after MAILER(uucp): uucp-dom and uucp-uudom are missing; change the order')')
_DEFIFNOT(`SMTP_MAILER_LL', `990')
_DEFIFNOT(`RELAY_MAILER_LL', `2040')
define(`_HDR_TO_SMTP_', `ifdef(`_ALL_MASQUERADE_', `HdrFromSMTP', `EnvToSMTP')')
# _SMTP_LINE_(name, NAME, flags, queue group)
define(`_SMTP_LINE_', `M$1, P=[IPC], dnl
F=_CHANGED_FLAGS_(`$2', _OR_(`_DEF_SMTP_MAILER_FLAGS', `mDFMuX')`$3'_OR_(`SMTP_MAILER_FLAGS', `')), dnl
S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP/_HDR_TO_SMTP_, dnl
E=\r\n, L=SMTP_MAILER_LL, T=DNS/RFC822/SMTP, dnl
_MLIMITS_(`SMTP')_MQUEUE_(`$2')A=_OR_(`$2_MAILER_ARGS', `TCP $h')')
PUSHDIVERT(7)
# --- other hosts, by SMTP

# addresses of networks without domains, as the Internet can answer them
SPseudoToReal
ifdef(`BITNET_RELAY', `R$+ < @ $+ .BITNET . >	$: $1 % $2 .BITNET $| $B
R$+ $| $~[ : $+		$: $1 < @ $3 >
R$+ $| $*		$: $1 < @ $2 >
')dnl
ifdef(`_NO_UUCP_NOSPECIAL_', `', `# mail that goes to that UUCP neighbour itself: what is left of the path
R$+ < @ $&h .UUCP . >	$: < ! > $1 < @ $&h .UUCP . >
R< ! > $- ! $+ < @ $+ >	$@ $2 < @ $1 .UUCP . >
R< ! > $- . $+ ! $+ < @ $+ >	$@ $3 < @ $1 . $2 >
R< ! > $+		$@ $1
R$+ < @ $+ .UUCP . >	$: $2 ! $1 $| $Y
R$* < @ $+ > $*		$@ $1 < @ $2 > $3
R$+ $| $~[ : $+		$@ $1 < @ $3 >
R$+ $| $+		$: $1 < @ $2 >
R$+ $|			$: $1 < @ *LOCAL* >
')dnl

# a user without a host is one of ours
SMasqSMTP
R$* < @ $* > $*		$@ $1 < @ $2 > $3
R$+			$@ $1 < @ *LOCAL* >

# senders
SEnvFromSMTP
R$*			$: $>PseudoToReal $1
R$* :; < @ >		$@
R$+			$: $>MasqSMTP $1
R$+			$: $>MasqEnv $1			no end here, nor for < @ >: sites add rules
ifdef(`_SRS_', `R$+			$: $>SrsSender $1		unless it is forwarded
')dnl

# senders in header lines
SHdrFromSMTP
R$*			$: $>PseudoToReal $1
R:; < @ >		$@
R$+ :; < @ >		$@ $1 :; < @ >
R< @ >			$@ < @ >
R< @ $* >		$@ < @ $1 >
R$+			$: $>MasqSMTP $1
R$+			$: $>MasqHdr $1

# recipients
SEnvToSMTP
R$*			$: $>PseudoToReal $1
R$*			$: $>MasqSMTP $1
R$* < @ *LOCAL* > $*	$: $1 < @ $j . > $2

# recipients in header lines for our relays, where all of them are masqueraded
SMasqRelay
R$* :; < @ >		$@ $1 :; < @ >
R< @ >			$@ < @ >
R$+			$: $>MasqSMTP $1
R$+			$: $>MasqHdr $1


_SMTP_LINE_(`smtp', `SMTP', `')
_SMTP_LINE_(`esmtp', `ESMTP', `a')
_SMTP_LINE_(`smtp8', `SMTP8', `8')
_SMTP_LINE_(`dsmtp', `DSMTP', `a%')
Mrelay, P=[IPC], dnl
F=_MFLAGS_(`RELAY', _OR_(`_DEF_SMTP_MAILER_FLAGS', `mDFMuX')`a8', _OR_(`SMTP_MAILER_FLAGS', `')), dnl
S=EnvFromSMTP/HdrFromSMTP, R=MasqSMTP/ifdef(`_ALL_MASQUERADE_', `MasqRelay', `MasqSMTP'), dnl
E=\r\n, L=RELAY_MAILER_LL, T=DNS/RFC822/SMTP, dnl
ifdef(`SMTP_MAILER_MAXRCPTS', `r=SMTP_MAILER_MAXRCPTS, ')`'dnl
_MLIMITS_(`RELAY')A=_OR_(`RELAY_MAILER_ARGS', `TCP $h')
POPDIVERT
