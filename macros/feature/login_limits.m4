divert(-1)
dnl FEATURE(`login_limits', `map'): how much mail a login (AUTH) may hand in, and from how many addresses.
dnl
dnl Argument: the map, default `hash /etc/mail/login_limits'. Keys: the login; `*' for all others. Values: words as
dnl messages/h=100 messages/d=500 recipients/h=200 recipients/d=1000 addresses/d=5, each with its number of an hour or a day;
dnl `hold': what is above is accepted and put aside for an operator. Without it the client is asked to come again (4xx).
dnl
dnl Example:
dnl   FEATURE(`login_limits')
dnl and in /etc/mail/login_limits
dnl   newsletter  recipients/h=20000
dnl   *           messages/h=60 recipients/d=1000 addresses/d=5 hold
PUSHDIVERT(30)Klogin_limits _MAP_SPEC_(`login_limits', `login_limits')
POPDIVERT
ifdef(`_LOGIN_LIMITS_', `', `define(`_LOGIN_LIMITS_', `1')PUSHDIVERT(34)
# what a login may do
Slogin_limits
R$*			$: < $(login_limits $1 $: ? $) >
R< ? >			$: < $(login_limits * $: ? $) >
R< ? >			$@ OK
R< $+ >			$# $1
POPDIVERT
')
