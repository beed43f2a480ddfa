dnl generics.m4: the table of outside names, at the beginning of masquerading (FEATURE genericstable). Keys, the most special
dnl first:  user@host  user+*@host  @host  user  user+* ; a name without host is one of ours. %1 is the detail or the user.
dnl A value with a host is final: it is not masqueraded.
# outside names of users; addresses of these hosts are sought
R$+ < @ *LOCAL* >		$: < ! > $1 < @ $j . > $| < @ *LOCAL* >
ifdef(`_GENERICS_ENTIRE_DOMAIN_', `R$+ < @ $* $=G . >		$: < ! > $1 < @ $2 $3 . > $| < @ $2 $3 . >
', `R$+ < @ $=G . >			$: < ! > $1 < @ $2 . > $| < @ $2 . >
')dnl
R< ! > $+ < @ $+ . > $*		$: < $(generics $1 @ $2 $: ! $) > $1 < @ $2 . > $3
R< ! > $+ + $* < @ $+ . > $*	$: < $(generics $1 + * @ $3 $@ $2 $: ! $) > $1 + $2 < @ $3 . > $4
R< ! > $+ + $* < @ $+ . > $*	$: < $(generics $1 @ $3 $: ! $) > $1 + $2 < @ $3 . > $4
R< ! > $+ < @ $+ . > $*		$: < $(generics @ $2 $@ $1 $: ! $) > $1 < @ $2 . > $3
R< ! > $+ < @ $+ . > $*		$: < $(generics $1 $: ! $) > $1 < @ $2 . > $3
R< ! > $+ + $* < @ $+ . > $*	$: < $(generics $1 + * $@ $2 $: ! $) > $1 + $2 < @ $3 . > $4
R< ! > $+ + $* < @ $+ . > $*	$: < $(generics $1 $: ! $) > $1 + $2 < @ $3 . > $4
R< ! > $+ < @ $+ . > $| $+	$: $1 $3
R< $* @ $* > $+ $| $*	$@ $>canonify $1 @ $2
R< $+ > $+ $| $+		$: $1 < @ *LOCAL* >
