-- Which table's column defaults use which sequence. By itself, not as a column of sequences.sql: there the server went
-- through all defaults once for each sequence (5,000 sequences took 4 s, this takes 0.02 s).
select distinct d.refobjid, f.adrelid
from pg_depend d
join pg_attrdef f on f.oid = d.objid
join pg_class c on c.oid = f.adrelid and c.relkind in ('r', 'p', 'f')  -- a view's default numbers no rows of its own
where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjsubid = 0
order by 1, 2
