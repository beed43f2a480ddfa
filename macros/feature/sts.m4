divert(-1)
dnl FEATURE(`sts', `map'): mail servers are held to what their domains have published about TLS (MTA-STS, RFC 8461).
dnl
dnl The server looks policies up and checks certificates itself; no other program is needed. Argument: a map that rules of yours
dnl ask as `sts', for instance the socket of a resolver that was there before; default none.
dnl More: docs/line-policies.md.
dnl
dnl Example:
dnl   FEATURE(`sts')
dnl and, for one server that is not to be held to it, in the access table
dnl   Clt_Features:mx.example.net		M
define(`confSTRICT_TRANSPORT_SECURITY', `true')
ifelse(defn(`_ARG_'), `', `', `PUSHDIVERT(30)Ksts _ARG_
POPDIVERT')
