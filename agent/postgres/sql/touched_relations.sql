-- Relations that this transaction has written to, or may have: our own backend holds a lock on them that is stronger than
-- RowShareLock. Exact, and other sessions' locks do not count (POSTGRES.md, "The kept-table proof"). A dropped one has lost its
-- catalog row and still has its lock; what ALTER TABLE, DROP and new triggers or foreign keys do moves no counter and perhaps no
-- file, so the locks that only they take are told apart. $1: the kept relations.
select held.relation,
       coalesce(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)
         + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
         + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid), 0),
       coalesce(pg_catalog.pg_relation_filenode(c.oid), 0),
       c.oid is not null and pg_catalog.current_setting('track_counts') = 'on' and c.relkind in ('r', 'p', 'm'),
       held.redefining
from (select l.relation, pg_catalog.bool_or(l.mode in ('ShareRowExclusiveLock', 'AccessExclusiveLock')) as redefining
      from pg_catalog.pg_locks l
      where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted
        and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
        and l.mode not in ('AccessShareLock', 'RowShareLock')
      group by l.relation) held
left join pg_catalog.pg_class c on c.oid = held.relation
where held.relation = any ($1::oid[])
order by held.relation
