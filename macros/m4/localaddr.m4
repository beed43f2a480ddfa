divert(0)dnl
dnl localaddr.m4: ruleset 5, asked for local users that no alias names.

dnl _AT_RELAY_(`MAIL_HUB'): the host that an address handed to this relay gets; local:user stays without one.
define(`_AT_RELAY_', `ifelse(substr($1, 0, 6), `local:', `', ` < @ _HOST_OF_(`$1') >')')dnl

#########################################################
#   localaddr (5): a local user without an alias        #
#########################################################
Slocaladdr=5
R$*			$: $1 $| $>Local_localaddr $1
R$+ $| $#ok		$@ $1				the site says: deliver it
R$+ $| $#$*		$#$2				the site knows better
R$+ $| $*		$: $1
R$@ 			$@
ifdef(`_PLUS_DETAIL_KEPT_', `R$+			$: $1 < >
R$+ + $* < >		$: $1 < + $2 >
', `# user+detail: aliases see user+detail, then user+*, then the user; the detail waits in $h
R$+ + *			$#confLOCAL_MAILER $@ $&h $: $1
R$+ + $*		$#confLOCAL_MAILER $@ + $2 $: $1 + *
R$+			$: $1 $| $&h
R$+ $| + $*		$: $1 < + $2 >
R$+ $| $*		$: $1 < >
')dnl
ifdef(`LUSER_RELAY', `# nobody we know: to the relay for unknown users, with the detail
R$+ < $* >		$: $1 < $2 > $(user $1 $: < ? > $)
R$+ < $* > < ? >	$: < ? > $1 $2
ifdef(`_LUSER_HOST_KEPT_', `R< ? > $+ @ $+		$@ $>MailerToTriple < $L > $1 < @ $2 >
R< ? > $+		$: < ? > $1 $| $&h
R< ? > $+ $| + $*	$: < ? > $1
R< ? > $+ $| $+ @ $+	$@ $>MailerToTriple < $L > $1 < @ $3 >
R< ? > $+ $| $+		$@ $>MailerToTriple < $L > $1 < @ $2 >
R< ? > $+ $| $*		$: < ? > $1
')dnl
R< ? > $+		$@ $>MailerToTriple < $L > $1`'_AT_RELAY_(`LUSER_RELAY')
R$+ < $* > $*		$: $1 < $2 >
')dnl
ifdef(`MAIL_HUB', `R$+ < $* >		$@ $>MailerToTriple < $H > $1 $2`'_AT_RELAY_(`MAIL_HUB')
', `ifdef(`LOCAL_RELAY', `R$+ < $* >		$@ $>MailerToTriple < $R > $1 $2`'_AT_RELAY_(`LOCAL_RELAY')
', `ifdef(`_PLUS_DETAIL_KEPT_', `', `# the mailer gets the detail without its plus; the @ ends the look-ups
R$+ < + $* >		$#confLOCAL_MAILER $@ $2 $: @ $1
')dnl
R$+ < $* >		$@ $1 $2
')')dnl

SLocal_localaddr
undivert(32)dnl

