divert(-1)
dnl FEATURE(`use_client_ptr'): check_relay gets the name that DNS has for the address of the client, confirmed or not.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`use_client_ptr')
define(`_USE_CLIENT_PTR_', `1')
