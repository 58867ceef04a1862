-- User triggers, without the copies that partitions get. Bits of tgtype: 4 INSERT, 8 DELETE, 16 UPDATE, 32 TRUNCATE.
select t.tgrelid,
       t.tgname,
       t.tgfoid::regproc::text,
       t.tgtype & 4 <> 0,
       t.tgtype & 16 <> 0,
       t.tgtype & 8 <> 0,
       t.tgtype & 32 <> 0,
       t.tgenabled
from pg_trigger t
where not t.tgisinternal and t.tgparentid = 0
