-- Does any row still need work?
SELECT EXISTS (SELECT FROM {{source}} WHERE ({{where}}
))
