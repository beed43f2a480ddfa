divert(-1)
dnl FEATURE(`use_client_ptr'): relaying looks at the name that DNS gives for the address of the client, confirmed or not.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`use_client_ptr')
define(`_USE_CLIENT_PTR_', `1')
