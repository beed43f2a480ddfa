divert(0)dnl
dnl pseudo.m4: ruleset PseudoToReal, for the mailers that speak SMTP: addresses of networks without domains become addresses that the
dnl Internet can answer. By way of the relay where there is one, else of this host.

# addresses of networks without domains, as the Internet can answer them
SPseudoToReal
ifdef(`BITNET_RELAY', `ifdef(`_BITNET_BY_SMTP_', `R$+ < @ $+ .BITNET . >	$: $1 % $2 .BITNET $| $B
R$+ $| $~[ : $+		$: $1 < @ $3 >
R$+ $| $+		$: $1 < @ $2 >
')')dnl
ifdef(`_NO_UUCP_NOSPECIAL_', `', `# mail that goes to that UUCP neighbour itself: what is left of the path
R$+ < @ $&h .UUCP . >	$: < ! > $1 < @ $&h .UUCP . >
R< ! > $- ! $+ < @ $+ >	$@ $2 < @ $1 .UUCP . >
R< ! > $- . $+ ! $+ < @ $+ >	$@ $3 < @ $1 . $2 >
R< ! > $+		$@ $1
R$+ < @ $+ .UUCP . >	$: $2 ! $1 $| $Y
R$+ $| $~[ : $+		$: $1 < @ $3 >
R$+ $| $+		$: $1 < @ $2 >
R$+ $|			$: $1 < @ *LOCAL* >
')dnl

