divert(0)dnl
dnl policy.m4: who may send what to whom. check_relay, check_mail and check_rcpt first ask the rulesets of the site
dnl (Local_check_*), then their own rules (Basic_check_*). With FEATURE(`delay_checks') the first two are asked when a
dnl recipient comes, under the names checkrelay and checkmail.
dnl _ANSWER_(what REJECT means): rules that turn a value of the access table, as < value >, into an answer.
define(`_ANSWER_', `R< $={Accept} >	$`'@ $`'1
R< REJECT >		$1
R< DISCARD >		_DROP_
R< QUARANTINE : $`'+ >	_ERR_ quarantine $: $`'1
R< ERROR : $`'- . $`'- . $`'- : $`'+ >	_ERR_ $`'1.$`'2.$`'3 $: $`'4
R< ERROR : $`'+ >	$`'#error $: $`'1
R< $`'* < TMPF > >	_ERR_ 4.3.0 $: _TMPFMSG_
R< $`'+ >		$`'#error $: $`'1')dnl
dnl _BAD_HELO_RULES_(rule): what FEATURE(`block_bad_helo') asks: a client that is none of ours, and has not said who it is, must
dnl not introduce itself by a name without dots or by one of ours. The rule says what to do otherwise.
define(`_BAD_HELO_RULES_', `ifdef(`_BLOCK_BAD_HELO_', `# the name in HELO: none of ours, and one with a dot
R$`'*			$: < $`'&{client_addr} > < $`'&{auth_authen} > < $`'&s >
R< 0 > $`'*		$: < >
R< > $`'*		$: < >
R< 127 . 0 . 0 . 1 > $`'*	$: < >
R< $`'=R $`'* > $`'*		$: < >
R< $`'+ > < $`'+ > < $`'* >	$: < >
R< $`'+ > < > < $`'=w >	_ERR_ 5.7.1 $: "550 bogus HELO name used: " $`'&s
R< $`'+ > < > < $`'- >	_ERR_ 5.7.1 $: "550 bogus HELO name used: " $`'&s
R< $`'+ > < > < >		_ERR_ 5.7.1 $: "550 bogus HELO name used: " $`'&s
$1
')')dnl
define(`_REJECT_', ifdef(`confREJECT_MSG', ``$`'#error $`': confREJECT_MSG'', ``_ERR_ 5.7.1 $: "550 Access denied"''))dnl
define(`_CHECK_RELAY_', ifdef(`_DELAY_CHECKS_', `checkrelay', `check_relay'))dnl
define(`_CHECK_MAIL_', ifdef(`_DELAY_CHECKS_', `checkmail', `check_mail'))dnl

#########################################################
#   check_relay: a client has connected                 #
#########################################################
# workspace: client name $| client address
SLocal_check_relay
ifdef(`_DELAY_CHECKS_', `ifelse(ifdef(`_RATE_FIRST_', `1', `ifdef(`_CONN_FIRST_', `1')'), `1', `Scheck_relay
ifdef(`_RATE_FIRST_', `R$*			$: $1 $| $>RateControl $1
R$* $| $#$*		$#$2
R$* $| $* $| $*		$: $1 $| $2
')dnl
ifdef(`_CONN_FIRST_', `R$*			$: $1 $| $>ConnControl $1
R$* $| $#$*		$#$2
R$* $| $* $| $*		$: $1 $| $2
')dnl
')')dnl
S`'_CHECK_RELAY_
ifdef(`_USE_CLIENT_PTR_', `R$* $| $*		$: $&{client_ptr} $| $2
')dnl
R$*			$: $1 $| $>Local_check_relay $1
R$* $| $* $| $#$*	$#$3
R$* $| $* $| $*		$@ $>Basic_check_relay $1 $| $2

SBasic_check_relay
R$*			$: < $&{deliveryMode} > $1
R< d > $*		$@ deferred
R< $* > $*		$: $2
ifdef(`_ACCESS_TABLE_', `R$+ $| $+		$: $>D < $1 > < ? > < + Connect > < $1 $| $2 >
R$| $+			$: < ? > < $| $1 >
R< ? > < $* $| $+ >	$: $>A < $2 > < ? > < + Connect > < $1 $| $2 >
R< ? > < $* >		$: $1
R< $={Accept} > < $* >	$@ $1				allowed, whatever lists say
R< $+ > < $* >		$: < $1 >
_ANSWER_(`_REJECT_')
')dnl
ifdef(`_RATE_CONTROL_', `ifelse(ifdef(`_DELAY_CHECKS_', `1')`'ifdef(`_RATE_EARLY_', `1'), `11', `', `R$*			$: $1 $| $>RateControl $1
R$* $| $#$*		$#$2
R$* $| $* $| $*		$: $1 $| $2
')')dnl
ifdef(`_CONN_CONTROL_', `ifelse(ifdef(`_DELAY_CHECKS_', `1')`'ifdef(`_CONN_EARLY_', `1'), `11', `', `R$*			$: $1 $| $>ConnControl $1
R$* $| $#$*		$#$2
R$* $| $* $| $*		$: $1 $| $2
')')dnl
undivert(35)dnl
undivert(8)dnl
undivert(45)dnl

#########################################################
#   check_mail: a sender is named                       #
#########################################################
SLocal_check_mail
S`'_CHECK_MAIL_
R$*			$: $1 $| $>Local_check_mail $1
R$* $| $#$*		$#$2
R$* $| $*		$@ $>Basic_check_mail $1

SBasic_check_mail
R$*			$: < $&{deliveryMode} > $1
R< d > $*		$@ deferred
R< $* > $*		$: $2
R$*			$: $1 $| $>tls_client $&{verify} $| MAIL	encrypted as it must be?
R$* $| $#$*		$#$2
R$* $| $*		$: $1
R< >			$@ < OK >			the null sender
undivert(36)dnl
ifdef(`_ACCEPT_UNQUALIFIED_', `', `# the loopback is no name for others
R< $* @ $- >		$: f $| $&{daemon_flags} $| < $1 @ $2 >
Rf $| $* f $* $| $*	$: $1 $2 $| $&{client_name} $| $3	M=f wants names with a dot
Rf $| $* $| $*		$: $2
R$* @ localhost	$: $&{daemon_flags} $| $&{client_name} $| $1 @ localhost
R$* @ localhost > $*	$: $&{daemon_flags} $| $&{client_name} $| $1 @ localhost > $2
R$* u $* $| $* $| $*	$: $4
R$* $| $| $*		$: $2
R$* $| $=w $| $*	$: $3
R$* $| $+ $| $*		$#error $@ 5.5.4 $: "553 Real domain name required for sender address"
')dnl
R$*			$: < ? > $>CanonAddr $1
R< ? > $* < @ $+ . >	$: < ? > $1 < @ $2 >
ifdef(`_ACCESS_TABLE_', `# what the access table says of the sender counts most
R< ? > $+ < @ $+ >	$: < ! > $1 < @ $2 > $| $>SearchList < + From > $| < F : $1 @ $2 > < U : $1 @ > < D : $2 > < >
R< ? > $+		$: < ! > $1 $| $>SearchList < + From > $| < U : $1 @ > < >
R< ! > $+ $| < ? >	$: < ? > $1
R< ! > $+ $| < $={Accept} >	$# $2
R< ! > $+ $| $+		$: < = > $2
R< = > < REJECT >	_REJECT_
R< = > < DISCARD >	$#discard $: discard
R< = > < QUARANTINE : $+ >	$#error $@ quarantine $: $1
R< = > < ERROR : $- . $- . $- : $+ >	$#error $@ $1.$2.$3 $: $4
R< = > < ERROR : $+ >	$#error $: $1
R< = > < $* < TMPF > >	$#error $@ 4.3.0 $: _TMPFMSG_
R< = > < $+ >		$#error $: $1
')dnl
ifdef(`_ACCEPT_UNQUALIFIED_', `', `# a name without a host is good for our own programs and where M=u says so
R< ? > $+ < @ $+ >	$: < + > $1 < @ $2 >
R< ? > $*		$: < - > $&{daemon_flags} $| < $&{client_addr} > $1
R< - > $* u $* $| < $* > $*	$: < ? > $4
R< - > $* $| < > $*	$@ < OK >
R< - > $*		$#error $@ 5.5.4 $: "553 Domain name required for sender address " $&f
R< + > $*		$: < ? > $1
')dnl
ifdef(`_ACCEPT_UNRESOLVABLE_', `', `# can the domain be answered?
R< ? > $* < @ $j >	$: < . < OKR > > $1 < @ $j >
R< ? > $* < @ $* $=P >	$: < . < OKR > > $1 < @ $2 $3 >	no domain that DNS could know
R< ? > $* < @ $+ >	$: < $(resolve $2 $: $2 <NONE> $) > $1 < @ $2 >
R< $* < OKR > > $* < @ $+ >	$: < ? > $2 < @ $3 >
R< $* < TEMP > > $*	$#error $@ 4.1.8 $: "451 Domain of sender address " $&f " does not resolve"
R< $* < $- > > $*	$#error $@ 5.1.8 $: "553 Domain of sender address " $&f " does not exist"
')dnl
undivert(37)dnl
R< ? > $+		$: @ $1				no end here: sites add rules

#########################################################
#   check_rcpt: a recipient is named                    #
#########################################################
SLocal_check_rcpt
ifdef(`_DELAY_CHECKS_', `Scheckrcpt
', `Scheck_rcpt
')dnl
R$*			$: $1 $| $>Local_check_rcpt $1
R$* $| $#$*		$#$2
R$* $| $*		$@ $>Basic_check_rcpt $1

SBasic_check_rcpt
R< >			$#error $@ nouser $: "553 User address required"
R$@			$#error $@ nouser $: "553 User address required"
R$*			$: < $&{deliveryMode} > $1
R< d > $*		$@ deferred
R< $* > $*		$: $2
undivert(38)dnl
# a table that cannot be asked does not matter to clients that may relay
R$*			$: $1 $| $>Rcpt_ok $1
R$* $| $#$*		$#$2
R$* $| < OK >		$@ RELAY
R$* $| < LATER >	$: < LATER > $| $1
R$* $| $*		$: $2
ifdef(`_PROMISCUOUS_RELAY_', `', `# may this client relay?
R$*			$: $1 $| $>Relay_ok < $1 >
R$* $| $#$*		$#$2
R$* $| < OK >		$@ RELAY
R< LATER > $| $*	$#error $@ 4.3.0 $: _TMPFMSG_
undivert(47)dnl
R$*			$#error $@ 5.7.1 $: ifdef(`confRELAY_MSG', `confRELAY_MSG', `"550 Relaying denied`'ifdef(`_TRUST_AUTH_MECH_', `. Proper authentication required.')"')
')dnl

# Rcpt_ok: < OK > when this recipient is ours, or one that we relay for, or the client has proved who it is
SRcpt_ok
R$*			$: $>ParseRecipient $1
R< @ $* >		$#error $@ 5.1.3 $: "553 List:; syntax illegal for recipient addresses"
R$#$*			$#$1
undivert(39)dnl
ifdef(`_BESTMX_IS_LOCAL_', `# ours by its MX record
ifdef(`_BESTMX_CLASS_', `R$+ < @ $* $=B >	$: < $(bestmx $2 $3 . $) > $1 < @ $2 $3 >', `R$+ < @ $+ >		$: < $(bestmx $2 . $) > $1 < @ $2 >')
R< $=w > $+ < @ $+ >	$: $2 < @ $1 >
R< $=w . > $+ < @ $+ >	$: $2 < @ $1 >
R< $+ > $+ < @ $+ >	$: $2 < @ $3 >
')dnl
ifdef(`_BLOCKLIST_RCPT_', `# recipients that the access table refuses; a user of any domain only when the domain is ours
R$*			$: < ? > $1
R< ? > $+ < @ $=w >	$: < ! > $1 < @ $2 > $| $>SearchList < + To > $| < F : $1 @ $2 > < U : $1 @ > < D : $2 > < >
R< ? > $+ < @ $+ >	$: < ! > $1 < @ $2 > $| $>SearchList < + To > $| < F : $1 @ $2 > < D : $2 > < >
R< ? > $+		$: < ! > $1 $| $>SearchList < + To > $| < U : $1 @ > < >
R< ? > $*		$: $1
R< ! > $+ $| < REJECT >	$#error $@ 5.2.1 $: confRCPTREJ_MSG
R< ! > $+ $| < DISCARD >	$#discard $: discard
R< ! > $+ $| < QUARANTINE : $+ >	$#error $@ quarantine $: $2
R< ! > $+ $| < ERROR : $- . $- . $- : $+ >	$#error $@ $2.$3.$4 $: $5
R< ! > $+ $| < ERROR : $+ >	$#error $: $2
R< ! > $+ $| < $* < TMPF > >	$#error $@ 4.3.0 $: _TMPFMSG_
R< ! > $+ $| < ? >	$: $1
R< ! > $+ $| < $={Accept} >	$: $1
R< ! > $+ $| < $+ >	$#error $: $2
')dnl
ifdef(`_PROMISCUOUS_RELAY_', `ifdef(`_DELAY_CHECKS_', `', `_BAD_HELO_RULES_(`R$+			$@ < OK >')')dnl
R$*			$@ < OK >
divert(-1)undivert(40)divert(0)dnl
', `# clients that have proved who they are
R$*			$: $1 $| $>RelayTLS
R$* $| $#$*		$#$2
R$* $| $*		$: $1
ifdef(`_TRUST_AUTH_MECH_', `R$*			$: $1 $| $&{auth_type}
R$* $| $={TrustAuthMech}	$# RELAY
R$* $| $*		$: $1
')dnl
R$*			$: $1 $| $>Local_Relay_Auth $&{auth_type}
R$* $| $#$*		$#$2
R$* $| NO		$: $1
R$* $| $*		$: $1
ifdef(`_NO_UUCP_REJECT_', `# addresses with an exclamation mark are not ours, whatever host they name
R$* ! $*		$: $1 ! $2 < @ ! >
')dnl
ifelse(defn(`_NO_PERCENT_HACK_'), `reject', `# nor are those with a percent sign
R$* % $*		$: $1 % $2 < @ % >
')dnl
ifdef(`_QUOTED_ROUTES_', `', `# a user name that holds another address in quotes or behind a backslash: the next host could send mail there
R$*			$: < ? > $1
R< ? > $+ < @ $+ >	$: < $(quotedroute $1 $: PLAIN $) > $1 < @ $2 >
R< ? > $+		$: < $(quotedroute $1 $: PLAIN $) > $1
R< < ROUTE > > $*	$@ NO
R< $- > $*		$: $2
')dnl
# ours
R$+ < @ $=w >		$@ < OK >
# relayed
ifdef(`_RELAY_HOSTS_ONLY_', `R$+ < @ $=R >		$@ < OK >
', `R$+ < @ $* $=R >	$: $1 < @ $2 $3 > $| < $2 >
R$+ $| < >		$@ < OK >
R$+ $| < $+ . >		$@ < OK >
R$+ $| < $* >		$: $1
')dnl
ifdef(`_RELAY_ENTIRE_DOMAIN_', `R$+ < @ $* $=m >	$: $1 < @ $2 $3 > $| < $2 >
R$+ $| < >		$@ < OK >
R$+ $| < $+ . >		$@ < OK >
R$+ $| < $* >		$: $1
')dnl
ifdef(`_ACCESS_TABLE_', `R$+ < @ $+ >		$: $1 < @ $2 > $| $>SearchList < + To > $| dnl
ifdef(`_RELAY_FULL_ADDR_', `< F : $1 @ $2 > ')`'dnl
ifdef(`_RELAY_HOSTS_ONLY_', `< E : $2 > < >', `< D : $2 > ifdef(`_RELAY_FULL_ADDR_', `< F : $1 @ > ')< >')
ifdef(`_LOOSE_RELAY_CHECK_', `', `# user %% other @ somebody we relay for is mail for other
R$* $=O $* < @ $+ > $| < RELAY >	$@ $>Rcpt_ok $1 $2 $3
')dnl
R$+ $| < RELAY >	$@ < OK >
R$+ $| < $* < TMPF > >	$@ < LATER >
R$+ $| < $* >		$: $1
')dnl
undivert(40)dnl
# without a host it is ours
R$*			$: < ? > $1
R< ? > $* < @ $+ > $*	$: $1 < @ $2 > $3		no end here: sites add rules
R< ? > $*		$@ < OK >
')dnl

# a certificate that the access table trusts
SRelayTLS
ifdef(`_ACCESS_TABLE_', `R$*			$: $&{verify}
R$={TlsVerified}	$: < ? > $>E < ifdef(`_CERT_REGEX_ISSUER_', `$(CERTIssuer $&{cert_issuer} $)', `$&{cert_issuer}') > < ? > < ! CertIssuer > < >
R< ? > < RELAY > $*	$# RELAY
R< ? > < SUBJECT > $*	$: < ? > $>E < ifdef(`_CERT_REGEX_SUBJECT_', `$(CERTSubject $&{cert_subject} $)', `$&{cert_subject}') > < ? > < ! CertSubject > < >
R< ? > < RELAY > $*	$# RELAY
')dnl
R$*			$@ NO

# Relay_ok: < OK > when the client may send anywhere, else < NO >
SRelay_ok
undivert(41)dnl
# programs of this machine, and the loopback
R$*			$: < $&{client_addr} >
R< 0 >			$@ < OK >
R< >			$@ < OK >
R< 127 . 0 . 0 . 1 >	$@ < OK >
R< IPv6 : 0 : 0 : 0 : 0 : 0 : 0 : 0 : 1 >	$@ < OK >
R< IPv6 : : : 1 >	$@ < OK >
R< $=R $* >		$@ < OK >			one of our networks
ifdef(`_ACCESS_TABLE_', `R< $+ >			$: $>A < $1 > < ? > < + Connect > < >
R< RELAY > < >		$@ < OK >
R< $* < TMPF > > < >	$#error $@ 4.3.0 $: _TMPFMSG_
')dnl
undivert(42)dnl
# its name, when that can be believed
R$*			$: < ? $&{client_resolve} >
R< ? TEMP >		$#error $@ 4.4.0 $: "450 Relaying temporarily denied. Cannot resolve PTR record for " $&{client_addr}
R< ? FORGED >		$#error $@ 5.7.1 $: "550 Relaying denied. IP name possibly forged " $&{client_name}
R< ? FAIL >		$#error $@ 5.7.1 $: "550 Relaying denied. IP name lookup failed " $&{client_name}
R< ? OK >		$: < ? > < $&{client_name} >
R< ? > < localhost >	$: < ? >			anybody's; who is on this machine shows it by the address
R< ? > < $=w >		$@ < OK >
ifdef(`_RELAY_HOSTS_ONLY_', `R< ? > < $=R >		$@ < OK >
', `R< ? > < $* $=R >	$: < ? > < $1 $2 > $| < $1 >
R$+ $| < >		$@ < OK >
R$+ $| < $+ . >		$@ < OK >
R$+ $| < $* >		$: $1
')dnl
ifdef(`_RELAY_ENTIRE_DOMAIN_', `R< ? > < $* $=m >	$: < ? > < $1 $2 > $| < $1 >
R$+ $| < >		$@ < OK >
R$+ $| < $+ . >		$@ < OK >
R$+ $| < $* >		$: $1
')dnl
ifdef(`_ACCESS_TABLE_', `R< ? > < [ $* ] >	$: < ? >			no name but an address
R< ? > < $+ >		$: $>ifdef(`_RELAY_HOSTS_ONLY_', `E', `D') < $1 > < ? > < + Connect > < >
R< RELAY > < >		$@ < OK >
R< $* < TMPF > > < >	$#error $@ 4.3.0 $: _TMPFMSG_
')dnl
ifdef(`_DELAY_CHECKS_', `', `_BAD_HELO_RULES_(`R$+			$@ < NO >')')dnl
R$*			$@ < NO >

SLocal_Relay_Auth

# ParseRecipient: a recipient without whatever would lead through this host to another one
SParseRecipient
R$*			$: $>CanonAddr $1
R$#$*			$@ $#$1
R$* < @ $+ . >		$1 < @ $2 >
R$- < @ $* >		$: $(dequote $1 $) < @ $2 >
# a host with such a sign is none: mail for it is not ours, whatever its end is called
R$* < @ $* $=O $* >	$@ $1 < @ $2 $3 $4 >
# user %% other @ us is mail for other
ifdef(`_LOOSE_RELAY_CHECK_', `R$* $=O $* < @ $=w >	$@ $>ParseRecipient $1 $2 $3
', `R$* $=O $* < @ $=w >	$@ $>ParseRecipient $1 $2 $3
R$* $=O $* < @ $* $=R >	$@ $>ParseRecipient $1 $2 $3
ifdef(`_RELAY_ENTIRE_DOMAIN_', `R$* $=O $* < @ $* $=m >	$@ $>ParseRecipient $1 $2 $3
')dnl
ifdef(`_RELAY_MX_SERVED_', `# so is user %% other @ a host that names us as its MX
R$* $=O $* < @ $+ >	$: < : $(mxserved $4 $) : > $1 $2 $3 < @ $4 >
R< $* : $=w . : $* > $* $=O $* < @ $+ >	$@ $>ParseRecipient $4 $5 $6
R< $* : $=w : $* > $* $=O $* < @ $+ >	$@ $>ParseRecipient $4 $5 $6
R< : $* < TEMP > : > $*	$: $2
R< : $* : > $*		$: $2
')dnl
')dnl

SCanonAddr
R$*			$: $>Parse0 $>canonify $1

SLocal_greet_pause
undivert(43)dnl
ifdef(`_DELAY_CHECKS_', `include(_CF_DIR_`m4/delay.m4')')dnl

