SITE(`far')
