dnl ldap.m4: LDAP routing, in the middle of ruleset Parse1 (FEATURE ldap_routing).
dnl _LDAP_HOST_(host, address): the way to a host that the directory names; by way of the mailer table where there is one.
define(`_LDAP_HOST_', `ifdef(`_MAILER_TABLE_', `$`'@ $`'>LDAPHost < $1 > $2', `$`'#confRELAY_MAILER $`'@ $1 $: $2')')dnl
# users of these domains live where the directory says
ifdef(`_LDAP_EQUIVALENT_', `ifelse(_HAS_(`MASQUERADE_NAME'), `1', `R$+ < @ $={LDAPRouteEquiv} . >	$@ $>LDAPExpand < $1 < @ $2 . > > < $1 @ $M > < >
')')dnl
R$+ < @ $={LDAPRoute} . >	$: < $>LDAPExpand < $1 < @ $2 . > > < $1 @ $2 > < >
R< $#$*				$#$1
R< = $+				$: $1				as if there were no directory
R< $+				$@ $1
PUSHDIVERT(31)
# < focussed address > < key > < detail >: the triple or address that the directory makes of it; a mark = : nothing found
SLDAPExpand
R< $+ > < $+ > < $* >	$: < $(ldapmra $2 $: ? $) > < $(ldapmh $2 $: ? $) > < $1 > < $2 > < $3 >
# no answer: the address stays and the mail waits (status 75), or the client is told to come back
R< $* < TMPF > > < $+ > < $+ > < $+ > < $* >	$: < TMPF > $3
R< $+ > < $* < TMPF > > < $+ > < $+ > < $* >	$: < TMPF > $3
ifdef(`_LDAP_TEMPFAIL_', `R< TMPF > $+		$: < TMPF > < $&{addr_type} : $&{opMode} > $1
R< TMPF > < e r : $={SMTPOpModes} > $*	$#error $@ 4.3.0 $: _TMPFMSG_
R< TMPF > < $* : $* > $+	$@ = $3
', `R< TMPF > $+		$@ = $1
')dnl
# nothing yet: without the detail, then the domain
ifelse(defn(`_LDAP_DETAIL_'), `', `', `R< ? > < ? > < $+ > < $+ + $* @ $+ > < >	$@ $>LDAPExpand < $1 > < $2 @ $4 > < + $3 >
')dnl
ifdef(`_LDAP_DOMAIN_', `R< ? > < ? > < $+ > < $+ @ $+ > < $* >	$@ $>LDAPExpand < $1 > < @ $3 > < $4 >
')dnl
R< ? > < ? > < $+ > < $+ > < $* >	ifdef(`_LDAP_BOUNCE_', `$#error $@ nouser $: "550 User unknown"', `$@ = $1')
# only a host: ours, or another
R< ? > < $=w > < $+ > < $+ > < $* >	$@ = $2
R< ? > < $+ > < $+ > < $+ > < $* >	_LDAP_HOST_(`$1', `$2')
ifelse(defn(`_LDAP_DETAIL_'), `preserve', `R< $+ @ $+ > < $+ > < $+ > < $+ > < + $* >	$: < $1 + $6 @ $2 > < $3 > < $4 > < $5 > < >
')dnl
# another address: from the beginning, or to its host
R< $+ > < ? > < $+ > < $+ > < $* >	$@ $>Parse1 $>canonify $1
R< $+ > < $=w > < $+ > < $+ > < $* >	$@ $>Parse1 $>canonify $1
R< $+ > < $+ > < $+ > < $+ > < $* >	_LDAP_HOST_(`$2', `$>canonify $1')
ifdef(`_MAILER_TABLE_', `
# < host > address: a host of the directory may name its mailer, and its own way may stand in the mailer table
SLDAPHost
R< $~[ : $+ > $*	$@ $>MailerToTriple < $1 : $2 > $3
R< $+ > $*		$: < $1 > $>Mailertable < $1 . > $2
R< $+ > $#$*		$#$2
R< $+ > $*		$#confRELAY_MAILER $@ $1 $: $2
')dnl
POPDIVERT
