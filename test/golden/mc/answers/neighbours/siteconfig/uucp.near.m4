SITE(`bird')
