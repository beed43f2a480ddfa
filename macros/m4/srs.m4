divert(0)dnl
dnl srs.m4: senders of forwarded mail (FEATURE srs), called where mail leaves by SMTP and where an address is parsed.

#########################################################
#   Sender Rewriting Scheme                             #
#########################################################
# does an address belong to us?  user @ host, user < @ host >, user
SSrsWhose
R$*			$: $>SrsHost $1
R$+ .			$: $1
R*LOCAL*		$@ OURS
R$=w			$@ OURS
R$={SrsOwn}		$@ OURS
ifdef(`_VIRTUSER_ENTIRE_DOMAIN_', `R$* $={VirtHost}	$@ OURS
', `ifdef(`_VIRTUSER_TABLE_', `R$={VirtHost}		$@ OURS
')')dnl
ifelse(_HAS_(`MASQUERADE_NAME'), `1', `ifdef(`_MASQ_ENTIRE_DOMAIN_', `R$* $=M			$@ OURS
', `R$=M			$@ OURS
')R$M			$@ OURS
')dnl
ifdef(`_GENERICS_TABLE_', `R$=G			$@ OURS
')dnl
ifdef(`_LDAP_ROUTING_', `R$={LDAPRoute}		$@ OURS
')dnl
R$+			$@ THEIRS
R$*			$@ OURS				a user without a host

# the host of an address
SSrsHost
R$* < @ $+ > $*		$@ $2
R$+ @ $+ @ $+		$@ $>SrsHost $2 @ $3
R$+ @ $+		$@ $2
R$*			$@

# a sender as he is to be called where mail goes now
SSrsSender
R< @ >			$@ < @ >
R$*			$: $&{auth_type} $| $&{forwarded_from} $| $1
R$| $| $*		$@ $1				not forwarded
R$| $+ $| $*		$: $2 $| $>SrsWhose $1
R$+ $| $* $| $*		$@ $3				from a login of ours
R$* $| THEIRS		$@ $1				forwarded by somebody else
R$* $| $*		$: $1 $| $>SrsWhose $&u
R$* $| OURS		$@ $1				stays with us
R$* $| $*		$: $1 $| $>SrsWhose $1
R$* $| OURS		$@ $1				from us
R$* $| $*		$: $1
R$* < @ $+ . >		$: $1 < @ $2 >
R$+ < @ $+ >		$: < $(srs $1 @ $2 $@ forward $@ _SRS_DOMAIN_ $: ! $) > $1 < @ $2 . >
R< ! > $*		$@ $1
R< $+ @ $+ > $*		$@ $1 < @ $2 . >

# a bounce for such an address: to whom it stands for
SSrsBounce
R$+ < @ $=w . >		$: < $(srs $1 @ $2 $@ reverse $: ! $) > $1 < @ $2 . >
R< ! > $*		$@ $1
R< error : $- . $- . $- : $+ > $*	$#error $@ $1.$2.$3 $: $4
R< $+ > $+ < @ $+ >	$@ $>canonify $1

# < address >: is it one that we have made?
SSrsOurs
R< $* >			$: $>canonify $1
R$* < @ $+ . >		$: $1 < @ $2 >
R$+ < @ $=w >		$: < $(srs $1 @ $2 $@ reverse $: error $) >
R< error $* >		$@ NO
R< $+ >			$@ YES
R$*			$@ NO

