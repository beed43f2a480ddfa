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
R$*			$: $1 $| $>tls_client $&{verify} $| MAIL
R$* $| $#$*		$#$2
R$* $| $*		$: $1
R$*			$: $1 $| $>checkmail < $&f >
R$* $| $#$*		$#$2
R$* $| $*		$: $1 $| $>checkrelay $&{client_name} $| $&{client_addr}
R$* $| $#$*		$#$2
ifdef(`_BLOCK_BAD_HELO_', `# the name in HELO: none of ours, and one with a dot
R$* $| $*		$: < $&{client_addr} > < $&{auth_type} > < $&s >
R< 127 . 0 . 0 . 1 > $*	$@ OK
R< > $*			$@ OK
R< $=R $* > $*		$@ OK
R< $+ > < $+ > < $* >	$@ OK
R< $+ > < > < $=w >	$#error $@ 5.7.1 $: "550 bogus HELO name used: " $&s
R< $+ > < > < $- >	$#error $@ 5.7.1 $: "550 bogus HELO name used: " $&s
')dnl
R$*			$@ OK
