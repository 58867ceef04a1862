-- Columns of type lo (the extension's domain over oid), which says that their values are large objects. A plain oid may be anything.
select a.attrelid, a.attname
from pg_type t
join pg_namespace tn on tn.oid = t.typnamespace
join pg_attribute a on a.atttypid = t.oid and a.attnum > 0 and not a.attisdropped
join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p') and c.relpersistence <> 't'
where t.typname = 'lo' and t.typtype = 'd' and t.typbasetype = 'oid'::regtype
order by 1, a.attnum
