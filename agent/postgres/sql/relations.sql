-- Every relation but the system's and temporary ones, by OID: information_schema hides what the role has no privilege on.
-- $1: with indexes and toast measured too, which is most of the price (they are opened one by one).
-- relname is not folded or filtered: a schema may be called `pgboss` or `a.b`.
select c.oid,
       n.nspname,
       c.relname,
       format('%I.%I', n.nspname, c.relname),
       c.relkind,
       case when c.relispartition then (select i.inhparent from pg_inherits i where i.inhrelid = c.oid limit 1) end,
       case when not c.relispartition then array(select i.inhparent from pg_inherits i where i.inhrelid = c.oid
                                                 order by i.inhseqno) end,
       e.extname,
       pg_has_role(c.relowner, 'USAGE'),
       c.relkind <> 'S' and has_table_privilege(c.oid, 'SELECT'),
       c.relkind <> 'S' and has_table_privilege(c.oid, 'INSERT'),
       c.relkind <> 'S' and has_table_privilege(c.oid, 'DELETE'),
       c.relkind <> 'S' and has_table_privilege(c.oid, 'TRUNCATE'),
       has_schema_privilege(n.oid, 'USAGE'),
       -- row_security = off is an error, not a way out, for these
       c.relrowsecurity and not me.above
         and (c.relforcerowsecurity or not pg_has_role(c.relowner, 'USAGE')),
       case when c.relkind in ('r', 'm') then pg_relation_size(c.oid) else 0 end,
       case when $1::bool and c.relkind in ('r', 'm') then pg_total_relation_size(c.oid) else 0 end,
       c.reltuples,
       coalesce(pg_relation_filenode(c.oid), 0),
       c.relpersistence = 'u',
       -- full row, an index named for it that is still there, or by default the primary key, if it is not deferrable
       case c.relreplident when 'f' then true
                           when 'i' then coalesce(x.has_named_index, false)
                           when 'd' then coalesce(x.has_primary_key, false)
                           else false end,
       coalesce(x.indexes, 0)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join (select rolsuper or rolbypassrls as above from pg_roles where rolname = current_user) me
left join (select indrelid, count(*) as indexes, bool_or(indisreplident and indisvalid) as has_named_index,
                  bool_or(indisprimary and indimmediate and indisvalid) as has_primary_key
           from pg_index group by indrelid) x on x.indrelid = c.oid
left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
                     and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
left join pg_extension e on e.oid = d.refobjid
where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
  and c.relpersistence <> 't'
  and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
