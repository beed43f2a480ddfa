dnl virtual.m4: the virtual user table, in the middle of ruleset Parse1 (FEATURE virtusertable). The most special key that
dnl is there wins:
dnl   user+detail@dom  user++@dom  user+*@dom  user@dom  ++@dom  +*@dom  @dom
dnl %1 is the user, %2 the detail, %3 the detail with its plus.
# virtual users of our names and virtual domains
R$+ < @ $=w . >			$: < ! > $1 < @ $2 . >
ifdef(`_VIRTUSER_ENTIRE_DOMAIN_', `R$+ < @ $* . $={VirtHost} . >	$: < ! > $1 < @ $2 . $3 . >
')dnl
R$+ < @ $={VirtHost} . >	$: < ! > $1 < @ $2 . >
R< ! > < ! > $+			$: < ! > $1
R< ! > $+ < @ $+ . >		$: < $(virtuser $1 @ $2 $@ $1 $: ! $) > $1 < @ $2 . >
R< ! > $+ + $+ < @ $+ . >	$: < $(virtuser $1 + + @ $3 $@ $1 $@ $2 $@ + $2 $: ! $) > $1 + $2 < @ $3 . >
R< ! > $+ + $* < @ $+ . >	$: < $(virtuser $1 + * @ $3 $@ $1 $@ $2 $@ + $2 $: ! $) > $1 + $2 < @ $3 . >
R< ! > $+ + $* < @ $+ . >	$: < $(virtuser $1 @ $3 $@ $1 $@ $2 $@ + $2 $: ! $) > $1 + $2 < @ $3 . >
R< ! > $+ + $+ < @ $+ . >	$: < $(virtuser + + @ $3 $@ $1 $@ $2 $@ + $2 $: ! $) > $1 + $2 < @ $3 . >
R< ! > $+ + $* < @ $+ . >	$: < $(virtuser + * @ $3 $@ $1 $@ $2 $@ + $2 $: ! $) > $1 + $2 < @ $3 . >
R< ! > $+ + $* < @ $+ . >	$: < $(virtuser @ $3 $@ $1 $@ $2 $@ + $2 $: ! $) > $1 + $2 < @ $3 . >
R< ! > $+ < @ $+ . >		$: < $(virtuser @ $2 $@ $1 $: ! $) > $1 < @ $2 . >
R< ! > $+			$: $1
R< error : $- . $- . $- : $+ > $*	$#error $@ $1.$2.$3 $: $4
R< error : $- $+ > $*		$#error $@ $(dequote $1 $) $: $2
R< $+ > $+ < @ $+ >		$: $>Recurse $1
