divert(0)dnl
dnl delay.m4: all checks when the recipient is known (FEATURE delay_checks). Friends are spared the checks of client and
dnl sender; with `hater' only those who ask for it get them. Encryption that is required is asked of everybody.
Scheck_rcpt
R$*			$: $1 $| $>checkrcpt $1
R$* $| $#error $*	$#error $2
R$* $| $#discard $*	$#discard $2
R$* $| $#$*		$@ $>Delayed_TLS $2		the site, or a certificate, has decided
R$* $| $*		$: $1
ifdef(`_SPAM_FRIEND_', `R$*			$: $1 $| $>CanonAddr $1
R$* $| $#$*		$#$2
R$* $| $+ < @ $+ . >	$: $1 $| $2 < @ $3 >
R$* $| $+		$: $1 $| $2 < @ $j >			without a host: one of ours
R$* $| $+ < @ $+ > < @ $j >	$: $1 $| $2 < @ $3 >
R$* $| $+ < @ $=w >	$: $1 $| < $2 @ $3 > < D : $3 > < U : $2 @ >
R$* $| $+ < @ $+ >	$: $1 $| < $2 @ $3 > < D : $3 >
R$* $| < $+ > < D : $+	$: $1 $| $>SearchList < ! Spam > $| < F : $2 > < D : $3 < >
ifdef(`_SPAM_HATER_', `R$* $| < HATER >	$: $1
R$* $| $*		$@ $>Delayed_TLS_plain NOSPAMHATER
', `R$* $| < FRIEND >	$@ $>Delayed_TLS_plain SPAMFRIEND
R$* $| $*		$: $1
')')dnl
R$*			$: $1 $| $>checkmail ifdef(`_FFR_MAIL_MACRO', `$&{mail_from}', `< $&f >')
R$* $| $#$*		$#$2
R$* $| $*		$: $1 $| $>checkrelay $&{client_name} $| $&{client_addr}
R$* $| $#$*		$#$2
ifdef(`_SPF_', `R$* $| $*		$: $1 $| $>checkspf $&{spf} $| $&{spf_domain}
R$* $| $#$*		$#$2
')dnl
_BAD_HELO_RULES_(`R$*			$@ OK')dnl
R$*			$@ OK

# $# answer, when the connection is encrypted as it must be
SDelayed_TLS
R$*			$: $1 $| $>tls_client $&{verify} $| MAIL
R$* $| $#$*		$#$2
R$* $| $*		$# $1

ifdef(`_SPAM_FRIEND_', `SDelayed_TLS_plain
R$*			$: $1 $| $>tls_client $&{verify} $| MAIL
R$* $| $#$*		$#$2
R$* $| $*		$@ $1
')dnl
