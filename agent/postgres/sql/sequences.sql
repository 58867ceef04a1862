-- Sequences, and the table that owns each (OWNED BY 'a', identity 'i').
-- Without pg_sequence_last_value(): it takes a lock as strong as nextval()'s until the transaction ends, and the kept-table
-- proof would take it for a write.
select c.oid,
       (select d.refobjid from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
          and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') limit 1),
       pg_has_role(c.relowner, 'USAGE'),
       q.seqstart
from pg_class c
join pg_sequence q on q.seqrelid = c.oid
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S' and c.relpersistence <> 't'
  and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
