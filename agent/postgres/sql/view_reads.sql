-- What each view and materialized view reads, one step deep, through its rewrite rule.
select distinct r.ev_class, d.refobjid
from pg_rewrite r
join pg_class v on v.oid = r.ev_class and v.relkind in ('v', 'm')
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
join pg_namespace n on n.oid = v.relnamespace
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
