divert(0)dnl
dnl masquerade.m4: how our own addresses look in headers (93) and envelopes (94) of mail that leaves.

#########################################################
#   Masquerading                                        #
#########################################################
SMasqHdr=93
ifdef(`_GENERICS_TABLE_', `include(_CF_DIR_`m4/generics.m4')')dnl
ifelse(_HAS_(`MASQUERADE_NAME'), `1', `# users that show who they are
R$=E < @ *LOCAL* >	$@ $1 < @ $j . >
ifdef(`_MASQ_EXCEPT_', `# hosts that show who they are
R$* < @ $=N . > $*	$@ $1 < @ $2 . > $3
')dnl
ifdef(`_MASQ_ENTIRE_DOMAIN_', `R$=E < @ $* $=M . >	$@ $1 < @ $2 $3 . >
R$* < @ $* $=M . > $*	$: $1 < @ $2 @ $3 . > $4
R$* < @ $* . @ $+ > $*	$: $1 < @ $M > $4
R$* < @ @ $+ > $*	$: $1 < @ $M > $3
R$* < @ $* @ $* > $*	$: $1 < @ $2 $3 > $4
', `R$=E < @ $=M . >	$@ $1 < @ $2 . >
R$* < @ $=M . > $*	$: $1 < @ $M > $3
')dnl
ifdef(`_LIMITED_MASQUERADE_', `', `R$=E < @ $=w . >	$@ $1 < @ $2 . >
R$* < @ $=w . > $*	$: $1 < @ $M > $3
')dnl
R$* < @ *LOCAL* > $*	$: $1 < @ $M > $2
')dnl
R$* < @ *LOCAL* > $*	$@ $1 < @ $j . > $2

SMasqEnv=94
ifdef(`_MASQUERADE_ENVELOPE_', `R$*			$@ $>MasqHdr $1
', `R$* < @ *LOCAL* > $*	$: $1 < @ $j . > $2
')dnl

