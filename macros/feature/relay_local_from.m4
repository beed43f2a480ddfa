divert(-1)
dnl FEATURE(`relay_local_from'): anybody whose sender address is one of this host may relay. Sender addresses are easily forged.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`relay_local_from')
PUSHDIVERT(42)
R$*			$: < ? > $>CanonAddr $&f
R< ? > $+ < @ $=w . >	$@ < OK >
R< ? > $+ < @ $=w >	$@ < OK >
POPDIVERT
