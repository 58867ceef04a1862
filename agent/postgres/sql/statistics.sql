-- Columns of the tables $1 whose statistics hold values of their rows. pg_stats shows those that our role may read, and none of
-- a table whose rows are hidden.
-- The view is asked table by table (OFFSET 0 keeps it so): joined as a whole it is read for every column of the database.
select c.oid, array_agg(s.attname::text order by s.attname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select p.attname
  from pg_stats p
  where p.schemaname = n.nspname and p.tablename = c.relname
    and (p.most_common_vals is not null or p.histogram_bounds is not null or p.most_common_elems is not null)
  offset 0) s
where c.oid = any ($1::oid[])
group by c.oid
