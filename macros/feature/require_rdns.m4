divert(-1)
dnl FEATURE(`require_rdns'): clients whose address has no name in DNS, or one that is not confirmed, are refused.
dnl
dnl Arguments: none. Hosts that may relay or have Connect: OK in the access table are not asked.
dnl
dnl Example:
dnl   FEATURE(`require_rdns')
PUSHDIVERT(45)
# the name of the client
R$*			$: < $&{client_addr} > < $&{client_resolve} > $1
R< 127 $* > < $* > $*	$: < > < OK > $3
R< IPv6 : : : 1 > < $* > $*	$: < > < OK > $2
R< $=R $* > < $* > $*	$: < > < OK > $4
R< $+ > < TEMP > $*	$#error $@ 4.1.8 $: 451 Client IP address $1 does not resolve
R< $+ > < FAIL > $*	$#error $@ 5.7.1 $: 550 Fix reverse DNS for $1
R< $+ > < FORGED > $*	$#error $@ 4.1.8 $: 451 Possibly forged hostname for $1
R< $* > < $* > $*	$: $3
POPDIVERT
