-- Relations that this transaction has written to, or may have: our own backend holds a lock on them that is stronger than
-- RowShareLock. Exact, and other sessions' locks do not count (POSTGRES.md, "The kept-table proof"). $1: the kept relations.
select c.oid,
       pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)
         + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
         + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid),
       coalesce(pg_catalog.pg_relation_filenode(c.oid), 0),
       pg_catalog.current_setting('track_counts') = 'on' and c.relkind in ('r', 'p', 'm')
from (select distinct l.relation
      from pg_catalog.pg_locks l
      where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted
        and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
        and l.mode not in ('AccessShareLock', 'RowShareLock')) held
join pg_catalog.pg_class c on c.oid = held.relation
where c.oid = any ($1::oid[])
order by c.oid
