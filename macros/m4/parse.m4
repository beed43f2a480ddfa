divert(0)dnl
dnl parse.m4: ruleset 0 and its helpers decide which mailer, host and user an address means.

#########################################################
#   parse (0): mailer, host and user of an address      #
#########################################################
Sparse=0
ifdef(`_SRS_', `R$+ < @ $=w . >		$: $>SrsBounce $1 < @ $2 . >	whom does it come back to?
')dnl
R$*			$: $>Parse0 $1			what is wrong with it?
R< @ >			$#confLOCAL_MAILER $: < @ >	the null address
R$*			$: $>ParseLocal $1		rules of the site
R$*			$: $>Parse1 $1			and what we know by ourselves

SParse0
R< @ >			$@ < @ >
R$* :; < @ >		$#error $@ 5.1.3 $: "553 List:; syntax illegal for recipient addresses"
R@ < @ $* >		$: < @ $1 >
R< @ $+ >		$#error $@ 5.1.3 $: "553 User address required"
R$+ < @ >		$#error $@ 5.1.3 $: "553 Hostname required"
# brackets hold a whole host, or in front of a colon what is sent to the host behind it; elsewhere no colon may stand
R$+ < @ [ $* ] : $+ >	$@ $1 < @ [ $2 ] : $3 >
R$+ < @ [ $* ] $+ >	$#error $@ 5.1.2 $: "553 Invalid address"
R$+ < @ : $* >		$#error $@ 5.1.3 $: "553 Colon illegal in host name part"
R$+ < @ $~[ $* : $* >	$#error $@ 5.1.3 $: "553 Colon illegal in host name part"
R$+ < @ . $* >		$#error $@ 5.1.2 $: "553 Invalid host name"
R$+ < @ $* . . $* >	$#error $@ 5.1.2 $: "553 Invalid host name"
R$* @ $* < @ $* >	$#error $@ 5.1.3 $: "553 Invalid route address"
R$* , $~O $*		$#error $@ 5.1.3 $: "553 Invalid route address"
# a name of ours does not count when another host stands in front of it, nor do quotes around an address
R$* < @ *LOCAL* >	$: $1 < @ $j . >
R$* $=O $* < @ $=w . >	$@ $>Parse0 $>canonify $1 $2 $3
R$- < @ $=w . >		$: $(dequote $1 $) < @ $2 . >
R$* $=O $* < @ $=w . >	$@ $>Parse0 $>canonify $1 $2 $3
R< @ $=w . >		$#error $@ 5.1.3 $: "553 User address required"
R$-			$: < $(dequote $1 $) >
R< $* $=O $* >		$@ $>Parse0 $>canonify $1 $2 $3
R< >			$#error $@ 5.1.3 $: "553 User address required"
R< $+ >			$: $1

SParseLocal=98
undivert(3)dnl
ifdef(`_REDIRECT_', `# users that have moved
R$* < @ $+ .REDIRECT . >	$: $1 < @ $2 .REDIRECT > < $&{opMode} >
R$* < @ $+ .REDIRECT > < i >	$: $1 < @ $2 .REDIRECT . >	newaliases only checks
R$* < @ $+ .REDIRECT > < $* >	$#error $@ 5.1.1 $: "551 User has moved; please try " < $1 @ $2 >
')dnl

SParse1
# an address in brackets is taken as it is, but not past the smart host
ifdef(`SMART_HOST', `R$* < @ [ $* ] > $*	$@ $>Literal < $S > $1 < @ [ $2 ] > $3
', `ifdef(`_MAILER_smtp_', `R$* < @ [ $+ ] > $*	$#confSMTP_MAILER $@ [ $2 ] $: $1 < @ [ $2 ] > $3
')')dnl
ifdef(`_MAILER_smtp_', `R$* < @ [ $+ ] : $+ > $*	$#confSMTP_MAILER $@ $3 $: $1 < @ [ $2 ] > $4
')dnl
ifdef(`_VIRTUSER_TABLE_', `include(_CF_DIR_`m4/virtual.m4')')dnl
ifdef(`_LDAP_ROUTING_', `include(_CF_DIR_`m4/ldap.m4')')dnl
undivert(4)dnl
# our own users
ifdef(`_STICKY_HOST_', `ifdef(`MAIL_HUB', `R$+ < @ $=w . >		$: $>MailerToTriple < $H > $1 < @ $2 . >
')dnl
R$+ < @ $=w . >		$#confLOCAL_MAILER $: @ $1
', `R$=L < @ $=w . >	$#confLOCAL_MAILER $: @ $1
R$+ < @ $=w . >		$#confLOCAL_MAILER $: $1
')dnl
undivert(46)dnl
ifdef(`_MAILER_TABLE_', `R$* < @ $+ > $*		$: $>Mailertable < $2 > $1 < @ $2 > $3
')dnl
ifdef(`_SITES_U_', `# UUCP neighbours of SITECONFIG, and our own name there
R$* < @ $U .UUCP . > $*		$@ $>Recurse $1 $2
R$* < @ $=U .UUCP . > $*	$#uucp-old $@ $2 $: $1 < @ $2 .UUCP . > $3
')dnl
ifdef(`_SITES_Y_', `R$* < @ $=Y .UUCP . > $*	$#uucp-new $@ $2 $: $1 < @ $2 .UUCP . > $3
')dnl
ifdef(`_SITES_Z_', `R$* < @ $=Z .UUCP . > $*	$#ifdef(`_MAILER_smtp_', `uucp-uudom', `uucp-old') $@ $2 $: $1 < @ $2 .UUCP . > $3
')dnl
ifdef(`_SITES_V_', `R$* < @ $=V .UUCP . > $*	$#confRELAY_MAILER $@ $V $: $1 < @ $2 .UUCP . > $3
')dnl
ifdef(`_SITES_W_', `R$* < @ $=W .UUCP . > $*	$#confRELAY_MAILER $@ $W $: $1 < @ $2 .UUCP . > $3
')dnl
ifdef(`_SITES_X_', `R$* < @ $=X .UUCP . > $*	$#confRELAY_MAILER $@ $X $: $1 < @ $2 .UUCP . > $3
')dnl
undivert(13)dnl
ifdef(`BITNET_RELAY', `R$* < @ $+ .BITNET . > $*	$: $>MailerToTriple < $B > $1 < @ $2 .BITNET . > $3
R$* < @ $+ .BITNET > $*		$: $>MailerToTriple < $B > $1 < @ $2 .BITNET > $3
')dnl
ifdef(`UUCP_RELAY', `R$* < @ $+ .UUCP . > $*		$: $>MailerToTriple < $Y > $1 < @ $2 .UUCP . > $3
', `ifdef(`_MAILER_uucp_', `R$* < @ $+ .UUCP . > $*	$#confUUCP_MAILER $@ $2 $: $1 < @ $2 .UUCP . > $3
')')dnl
ifdef(`DECNET_RELAY', `R$* < @ $+ .DECNET > $*		$: $>MailerToTriple < $C > $1 < @ $2 .DECNET > $3
R$* < @ $+ .DECNET . > $*	$: $>MailerToTriple < $C > $1 < @ $2 .DECNET . > $3
')dnl
ifdef(`FAX_RELAY', `R$* < @ $+ .FAX > $*		$: $>MailerToTriple < $F > $1 < @ $2 .FAX > $3
R$* < @ $+ .FAX . > $*		$: $>MailerToTriple < $F > $1 < @ $2 .FAX . > $3
')dnl
ifdef(`_BESTMX_IS_LOCAL_', `# names whose best MX is this host
R$+ < @ $+ >		$: < > $1 < @ $2 >
ifdef(`_BESTMX_CLASS_', `R< > $+ < @ $* $=B . >	$: < $(bestmx $2 $3 . $) > $1 < @ $2 $3 . >', `R< > $+ < @ $+ >	$: < $(bestmx $2 $) > $1 < @ $2 >')
R< $=w > $+ < @ $+ >	$#confLOCAL_MAILER $@ $: $2
R< $=w . > $+ < @ $+ >	$#confLOCAL_MAILER $@ $: $2
R< $* > $+ < @ $+ >	$: $2 < @ $3 >
')dnl
undivert(1)dnl
ifdef(`SMART_HOST', `# everything else goes to the smart host, unless that is this host or none
R$* < @ $* > $*		$: $>MailerToTriple < $S > $1 < @ $2 > $3
')dnl
ifdef(`_MAILER_smtp_', `# everything else goes to its own host
R$* < @ $* > $*		$#confSMTP_MAILER $@ $2 $: $1 < @ $2 > $3
', `# nothing here can send to other hosts
R$* < @ $* > $*		$#error $@ 5.1.2 $: "553 Unrecognized host name " $2
')dnl
# no host: a user of ours
undivert(33)dnl
R$=L			$#confLOCAL_MAILER $: @ $1
R$+			$#confLOCAL_MAILER $: $1

# < mailer : host > address, as the smart host and tables are written, to a triple; without a mailer it is relayed
SMailerToTriple=95
R< > $*				$@ $1
R< error : $- . $- . $- : $+ > $*	$#error $@ $1.$2.$3 $: $4
R< error : $- : $+ > $*		$#error $@ $(dequote $1 $) $: $2
R< error : $+ > $*		$#error $: $1
R< local : $* > $*		$@ $>CanonLocal < $1 > $2
R< $~[ : $+ > $*		$: < $1 > $2 $| $3
R< $- > $* @ $* $| $*		$#$1 $@ $3 $: $2 < @ $3 >	as the user it names
R< $- > $* $| $*		$#$1 $@ $2 $: $3
R< $=w > $*			$@ $2
R< $+ > $*			$#confRELAY_MAILER $@ $1 $: $2

# < user > address: mail for a local user, named or the one of the address
SCanonLocal
R< $* > $* < @ $+ . > $*	< $1 > $2 < @ $3 > $4
R< $* > $* $=O $* < @ $+ > $*	$@ $>Recurse $2 $3 $4
R< $* @ $* > $* < @ $+ > $*	$: < $1 > $3 < @ $4 > $5
R< > $+ < @ $+ > $*		$#confLOCAL_MAILER $@ $1 @ $2 $: $1
R< > $+				$#confLOCAL_MAILER $@ $1 $: $1
R< $+ > $+ < @ $+ > $*		$#confLOCAL_MAILER $@ $2 @ $3 $: $1
R< $+ > $+			$#confLOCAL_MAILER $@ $2 $: $1
ifdef(`SMART_HOST', `
# an address in brackets by way of the smart host
SLiteral
R< $~[ : $+ > $*	$#$1 $@ $2 $: $3
ifdef(`_MAILER_smtp_', `R< > $* < @ [ $* ] > $*	$#confSMTP_MAILER $@ [ $2 ] $: $1 < @ [ $2 ] > $3
', `R< > $* < @ [ $* ] > $*	$#error $@ 5.1.2 $: "553 Unrecognized host name " [ $2 ]
')dnl
R< $+ > $*		$#confSMTP_MAILER $@ $1 $: $2
')dnl
undivert(31)dnl
ifdef(`_SRS_', `include(_CF_DIR_`m4/srs.m4')')dnl

