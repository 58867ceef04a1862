-- What people and servers change without changing a schema: sizes, file nodes, and whether a view shows anything.
select c.oid,
       case when c.relkind in ('r', 'm') then pg_relation_size(c.oid) else 0 end,
       coalesce(pg_relation_filenode(c.oid), 0),
       c.relispopulated
from pg_class c
where c.relkind in ('r', 'm', 'S') and c.relpersistence <> 't' and c.oid >= 16384
