divert(0)dnl
dnl tls.m4: what is asked around encryption and authentication.
undivert(44)dnl
