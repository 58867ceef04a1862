-- A migration that came after the blueprint was written: it adds a table that nobody has listed.
-- From now on a plan is refused (UNLISTED_TABLES) until somebody decides: clear it or keep it.

begin;

create table booking_headers (
  id           uuid primary key default gen_random_uuid(),
  booked_by    varchar(200) not null,
  email        varchar(255) not null,
  pickup_date  date not null,
  created_at   timestamptz not null
);

insert into booking_headers (booked_by, email, pickup_date, created_at)
select 'Guest ' || i, 'guest' || i || '@example.net', date '2026-03-01' + i % 60, now()
from generate_series(1, 1204) i;

update alembic_version set version_num = 'd7730ab51c08';

commit;
