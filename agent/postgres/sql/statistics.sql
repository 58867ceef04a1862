-- Columns of the tables $1 whose statistics hold values of their rows. pg_stats shows those that our role may read.
select c.oid, array_agg(s.attname::text order by s.attname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname
where c.oid = any ($1::oid[])
  and (s.most_common_vals is not null or s.histogram_bounds is not null or s.most_common_elems is not null)
group by c.oid
