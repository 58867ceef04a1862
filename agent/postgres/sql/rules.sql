-- Tables with rules on INSERT ('3') or DELETE ('4').
select format('%I.%I', n.nspname, c.relname), c.oid, bool_or(r.ev_type = '4')
from pg_rewrite r
join pg_class c on c.oid = r.ev_class and c.relkind in ('r', 'p', 'f')
join pg_namespace n on n.oid = c.relnamespace
where r.ev_type in ('3', '4') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
group by n.nspname, c.relname, c.oid
order by 1
