divert(0)dnl
dnl sender.m4: who has sent a message (FEATURE spf, dmarc): what is found out, about whom, and what follows from it.
dnl _SENDER_ACTION_(name of an action, status, text of a refusal with its last quote, why it is put aside): the right side of a rule.
define(`_SENDER_ACTION_', `ifelse(defn(`$1'), `reject', `_ERR_ $2 $`': "550 '$3,
defn(`$1'), `tempfail', `_ERR_ 4`'substr(`$2', `1') $`': "451 '$3,
defn(`$1'), `quarantine', `_ERR_ quarantine $`': $4',
defn(`$1'), `discard', `_DROP_', defn(`$1'), `tag', `$`'@ OK', `_ERR_ $2 $`': $1')')dnl
define(`_SPF_REFUSAL_', `SPF: " $`'&{client_addr} " may not send mail of " $`'1')dnl
define(`_SPF_ERROR_', `SPF: the record of " $`'1 " is wrong or cannot be had"')dnl
define(`_DMARC_REFUSAL_', `DMARC: " $`'1 " has not sent this message"')dnl
define(`_DMARC_UNKNOWN_', `DMARC: it cannot be found out now whether " $`'1 " has sent this message"')dnl
ifelse(ifdef(`_SPF_', `1')`'ifdef(`_DMARC_', `1')`'_HAS_(`confSENDER_CHECKS'), `', `', `
#########################################################
#   Who has sent a message                              #
#########################################################
O SenderChecks=patsubst(ifdef(`_SPF_', `spf ')ifdef(`_DMARC_', `dmarc arc ')ifdef(`confSENDER_CHECKS', `confSENDER_CHECKS'), ` $')
ifdef(`confAUTH_SERV_ID', `O AuthServId=confAUTH_SERV_ID
')dnl
ifdef(`confSENDER_CHECK_GATEWAYS', `O SenderCheckGateways=confSENDER_CHECK_GATEWAYS
')dnl
ifdef(`confSENDER_CHECK_TIMEOUT', `O SenderCheckTimeout=confSENDER_CHECK_TIMEOUT
')dnl

# what rulesets may still ask when the message leaves (check_compat)
C{persistentMacros}{iprev} {spf} {spf_domain} {dkim} {dkim_d} {dkim_s} {dmarc} {dmarc_policy} {arc} {arc_chain}

# which of these checks a client gets: none where it may send mail of others
Ssender_checks
R$*			$: $>RelayTLS
R$#$*			$# none
R$*			$: < $&{client_addr} >
R< $=R $* >		$# none
ifdef(`_ACCESS_TABLE_', `R< $+ >			$: $>A < $1 > < ? > < + Connect > < >
R< RELAY > < >		$# none
')dnl
R$*			$: < $&{client_resolve} > < $&{client_name} >
R< OK > < localhost >	$@ all
R< OK > < $=w >		$# none
ifdef(`_RELAY_HOSTS_ONLY_', `R< OK > < $=R >		$# none
', `R< OK > < $* $=R >	$: < OK > < $1 $2 > $| < $1 >
R$+ $| < >		$# none
R$+ $| < $+ . >		$# none
R$+ $| < $* >		$: $1
')dnl
ifdef(`_ACCESS_TABLE_', `R< OK > < $+ >		$: $>ifdef(`_RELAY_HOSTS_ONLY_', `E', `D') < $1 > < ? > < + Connect > < >
R< RELAY > < >		$# none
')dnl
R$*			$@ all

# what a value of the access table means:  < value >
SSender_answer
_ANSWER_(`_REJECT_')
')dnl
ifdef(`_SPF_', `
# SPF is known:  result $| domain
SLocal_check_spf
S`'ifdef(`_DELAY_CHECKS_', `checkspf', `check_spf')
R$*			$: $1 $| $>Local_check_spf $1
R$* $| $* $| $#$*	$#$3
R$* $| $* $| $*		$: < $1 > $2
R< pass > $*		$@ OK
R< $* >			$@ OK
ifdef(`_ACCESS_TABLE_', `R< $- > $+		$: < $1 > $2 $| $>SearchList < ! SPF > $| < D : $2 > < >
R< $- > $+ $| < ? >	$: < $1 > $2 $| $>A < $&{client_addr} > < ? > < ! SPF > < >
R< $- > $+ $| < ? > < >	$: < $1 > $2
R< $- > $+ $| < $={Accept} > $*	$@ OK
R< $- > $+ $| < $* < TMPF > > $*	$@ $>Sender_answer < < TMPF > >
R< $- > $+ $| < REJECT > $*	$: < REJECT > $2
R< $- > $+ $| < $+ > $*	$@ $>Sender_answer < $3 >
R< REJECT > $*		$#error $@ 5.7.23 $: "550 _SPF_REFUSAL_
')dnl
R< fail > $*		$: < fail > $1 $| $&{spf_explanation}
R< fail > $* $|		$: < fail > $1
ifelse(defn(`_SPF_FAIL_'), `reject', `R< fail > $* $| $+	$#error $@ 5.7.23 $: "550 _SPF_REFUSAL_ "; its owner says: " $2
', `R< fail > $* $| $+	$: < fail > $1
')dnl
R< fail > $*		_SENDER_ACTION_(`_SPF_FAIL_', `5.7.23', `_SPF_REFUSAL_', `SPF')
R< softfail > $*		_SENDER_ACTION_(`_SPF_SOFTFAIL_', `5.7.23', `_SPF_REFUSAL_', `SPF')
R< permerror > $*	_SENDER_ACTION_(`_SPF_PERMERROR_', `5.7.24', `_SPF_ERROR_', `SPF permerror')
R< temperror > $*	_SENDER_ACTION_(`_SPF_TEMPERROR_', `5.7.24', `_SPF_ERROR_', `SPF temperror')
R$*			$@ OK
')dnl
ifdef(`_DMARC_', `
# all is known at the end of a message:  result of DMARC $| policy $| domain of the author
SLocal_check_auth
Scheck_auth
R$*			$: $1 $| $>Local_check_auth $1
R$* $| $* $| $* $| $#$*	$#$4
R$* $| $* $| $* $| $*	$: < $1 > < $2 > $3
ifdef(`_ACCESS_TABLE_', `# a good signature of the author may be required
R< $* > < $* > $+	$: < $1 > < $2 > $3 $| $&{dkim_author}
R< $* > < $* > $+ $|	$: < $1 > < $2 > $3 $| $>SearchList < ! DKIM > $| < D : $3 > < >
R< temperror > < $* > $+ $| < REJECT >	$: < temperror > < $1 > $2 $| < REJECT temperror >
R< $* > < $* > $+ $| < REJECT >	$: < $1 > < $2 > $3 $| < REJECT $&{dkim} >
R< $* > < $* > $+ $| < REJECT temperror >	$#error $@ 4.7.20 $: "451 DKIM: signatures of " $3 " cannot be checked now"
R< $* > < $* > $+ $| < REJECT $* >	$#error $@ 5.7.20 $: "550 DKIM: no good signature of " $3
R< $* > < $* > $+ $| < $={Accept} >	$: < $1 > < $2 > $3
R< $* > < $* > $+ $| < ? >	$: < $1 > < $2 > $3
R< $* > < $* > $+ $| < $+ >	$@ $>Sender_answer < $4 >
R< $* > < $* > $+ $| $*	$: < $1 > < $2 > $3
# exceptions
R< fail > < $* > $+	$: < fail > < $1 > $2 $| $>SearchList < ! DMARC > $| < D : $2 > < >
R< fail > < $* > $+ $| < ? >	$: < fail > < $1 > $2 $| $>A < $&{client_addr} > < ? > < ! DMARC > < >
R< fail > < $* > $+ $| < ? > < >	$: < fail > < $1 > $2
R< fail > < $* > $+ $| < $={Accept} > $*	$@ OK
R< fail > < $* > $+ $| < $* < TMPF > > $*	$@ $>Sender_answer < < TMPF > >
R< fail > < $* > $+ $| < REJECT > $*	$#error $@ 5.7.26 $: "550 DMARC: " $2 " has not sent this message"
R< fail > < $* > $+ $| < $+ > $*	$@ $>Sender_answer < $3 >
# nobody knows now: who has an exception is let in, mail of domains and clients with another value comes again
R< temperror > < $* > $+	$: < temperror > < $1 > $2 $| $>SearchList < ! DMARC > $| < D : $2 > < >
R< temperror > < $* > $+ $| < ? >	$: < temperror > < $1 > $2 $| $>A < $&{client_addr} > < ? > < ! DMARC > < >
R< temperror > < $* > $+ $| < ? > < >	$: < temperror > < $1 > $2
R< temperror > < $* > $+ $| < $={Accept} > $*	$@ OK
R< temperror > < $* > $+ $| $*	$#error $@ 4.7.26 $: "451 DMARC: it cannot be found out now whether " $2 " has sent this message"
# a forwarder that we believe has seen it pass
R< fail > < $* > $+	$: < fail > < $1 > $2 $| $&{arc} $| $&{arc_dmarc} $| $&{arc_chain}
R< fail > < $* > $+ $| pass $| pass $| $+ , $*	$: < fail > < $1 > $2 $| pass $| pass $| $3
R< fail > < $* > $+ $| pass $| pass $| $+	$: < fail > < $1 > $2 $| $>SearchList < ! ARC > $| < D : $3 > < >
R< fail > < $* > $+ $| < $={Accept} >	$@ OK
R< fail > < $* > $+ $| $*	$: < fail > < $1 > $2
')dnl
R< fail > < reject > $*	_SENDER_ACTION_(`_DMARC_REJECT_', `5.7.26', `_DMARC_REFUSAL_', `DMARC')
R< fail > < quarantine > $*	_SENDER_ACTION_(`_DMARC_QUARANTINE_', `5.7.26', `_DMARC_REFUSAL_', `DMARC')
R< temperror > < $* > $*	$: < temperror > $2
R< temperror > $*	_SENDER_ACTION_(`_DMARC_TEMPERROR_', `5.7.26', `_DMARC_UNKNOWN_', `DMARC temperror')
R< permerror > < $* > $*	_SENDER_ACTION_(`_DMARC_REJECT_', `5.7.26', `DMARC: From does not say whose message this is"', `DMARC: From')
R$*			$@ OK
')dnl
