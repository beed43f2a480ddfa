divert(0)dnl
dnl delay.m4: all checks when the recipient is known (FEATURE delay_checks). Friends are spared the checks of client and
dnl sender; with `hater' only those who ask for it get them.
SDelayedChecks
R$*			$: $1 $| $>Basic_check_rcpt $1
R$* $| $#$*		$#$2
R$* $| $*		$: $1
ifdef(`_SPAM_FRIEND_', `R$*			$: $1 $| $>CanonAddr $1
R$* $| $+ < @ $+ . >	$: $1 $| $2 < @ $3 >
R$* $| $+ < @ $+ >	$: $1 $| $>SearchList < ! Spam > $| < F : $2 @ $3 > < U : $2 @ > < D : $3 > < >
R$* $| $- 		$: $1 $| $>SearchList < ! Spam > $| < F : $2 @ $j > < U : $2 @ > < D : $j > < >
ifdef(`_SPAM_HATER_', `R$* $| < HATER >	$: $1
R$* $| $*		$@ OK
', `R$* $| < FRIEND >	$@ OK
R$* $| $*		$: $1
')')dnl
R$*			$: $1 $| $>checkmail < $&f >
R$* $| $#$*		$#$2
R$* $| $*		$: $1 $| $>checkrelay $&{client_name} $| $&{client_addr}
R$* $| $#$*		$#$2
R$*			$@ OK
