dnl ldap.m4: LDAP routing, in the middle of ruleset Parse1 (FEATURE ldap_routing).
# users of these domains live where the directory says
ifdef(`_LDAP_EQUIVALENT_', `R$+ < @ $={LDAPRouteEquiv} . >	$: $>LDAPExpand < $1 < @ $2 . > > < $1 @ $M > < >
')dnl
R$+ < @ $={LDAPRoute} . >	$: $>LDAPExpand < $1 < @ $2 . > > < $1 @ $2 > < >
PUSHDIVERT(31)
# < focussed address > < key > < detail >: the address or triple that the directory makes of it
SLDAPExpand
R< $+ > < $+ > < $* >	$: < $(ldapmra $2 $: $) > < $(ldapmh $2 $: $) > < $1 > < $2 > < $3 >
R< $* < TMPF > > < $* > < $+ > < $+ > < $* >	ifdef(`_LDAP_TEMPFAIL_', `$#error $@ 4.3.0 $: "_TMPFMSG_"', `$#confRELAY_MAILER $@ $j $: $3')
R< $* > < $* < TMPF > > < $+ > < $+ > < $* >	ifdef(`_LDAP_TEMPFAIL_', `$#error $@ 4.3.0 $: "_TMPFMSG_"', `$#confRELAY_MAILER $@ $j $: $4')
# another address: with its host, or from the beginning
R< $+ @ $+ > < $* > < $+ > < $+ > < + $+ >	$: < $1 ifelse(defn(`_LDAP_DETAIL_'), `preserve', `+ $6') @ $2 > < $3 > < $4 > < $5 > < >
R< $+ > < $+ > < $+ > < $+ > < $* >	$#confRELAY_MAILER $@ $2 $: $>canonify $1
R< $+ > < > < $+ > < $+ > < $* >	$@ $>Parse1 $>canonify $1
# only a host: ours, or another
R< > < $+ > < $+ > < $+ > < $* >	$: < $1 > < $2 >
R< $=w > < $* >		$@ $2
R< $+ > < $* >		$#confRELAY_MAILER $@ $1 $: $2
# nothing yet: without the detail, then the domain
ifelse(defn(`_LDAP_DETAIL_'), `', `', `R< > < > < $+ > < $+ + $* @ $+ > < $* >	$@ $>LDAPExpand < $1 > < $2 @ $4 > < + $3 >
')dnl
ifdef(`_LDAP_DOMAIN_', `R< > < > < $+ > < $+ @ $+ > < $* >	$@ $>LDAPExpand < $1 > < @ $3 > < $4 >
')dnl
R< > < > < $+ > < $* > < $* >	ifdef(`_LDAP_BOUNCE_', `$#error $@ nouser $: "550 User unknown"', `$@ $1')
POPDIVERT
