-- One row: our role, subscriptions of this database, receivers of its WAL.
select current_user,
       array(select s.subname from pg_subscription s
             join pg_database b on b.oid = s.subdbid and b.datname = current_database() order by 1),
       (select count(*) from pg_stat_replication)
