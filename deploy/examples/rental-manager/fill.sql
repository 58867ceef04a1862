-- Fills an empty rental-manager database with an invented shop's history, as the database's owner:
--
--   psql "$DATABASE_URL" -q -v rows=250000 -f fill.sql
--
-- `rows` is the least number of rows in all tables together (250,000 if not given; the largest
-- tables take most of them). Every person, address and number is made up. The old administrator is
-- admin / Winter-2019!, so that a login can prove that the reset replaced the password.

\set ON_ERROR_STOP on
\if :{?rows} \else \set rows 250000 \endif

begin;

do $$
begin
  if exists (select from users) then
    raise exception 'this database already holds data; fill.sql wants it empty';
  end if;
end
$$;

-- Keys are computed from a number, so that references need no look-up.
create function pg_temp.key(kind text, i bigint) returns uuid
  language sql immutable return md5(kind || ':' || i)::uuid;

-- How many rows each table gets: a share of `rows`, but at least a few.
select n.* from (select :rows::bigint as rows) r, lateral (select
  greatest(8,  ceil(rows * 0.0005)) as users,
  greatest(10, ceil(rows * 0.01))   as customers,
  greatest(5,  ceil(rows * 0.002))  as suppliers,
  greatest(20, ceil(rows * 0.01))   as items,
  greatest(30, ceil(rows * 0.05))   as units,
  greatest(20, ceil(rows * 0.08))   as headers,
  greatest(40, ceil(rows * 0.20))   as lines,
  greatest(10, ceil(rows * 0.03))   as rentals,
  greatest(5,  ceil(rows * 0.02))   as returns,
  greatest(6,  ceil(rows * 0.03))   as return_lines,
  greatest(3,  ceil(rows * 0.01))   as inspections) n
\gset n_

-- ------------------------------------------------------------------------------- authentication

insert into users (id, username, email, password_hash, full_name, user_type, status, is_active,
                   is_superuser, is_verified, failed_login_attempts, last_login, phone, created_at, updated_at)
values (pg_temp.key('user', 1), 'admin', 'boss@rental-manager.example',
        '$2b$12$qN1DemXfjj4LdpGZ1YdOmedES0jparYw6YvcRu1jX.scoI8DfXO..',
        'Old Administrator', 'superadmin', 'active', true, true, true, 0, now(), '+49 30 5550100',
        timestamptz '2021-02-01 08:00+00', now());

insert into users (id, username, email, password_hash, full_name, user_type, status, is_active,
                   is_superuser, is_verified, failed_login_attempts, last_login, phone, created_at, updated_at)
select pg_temp.key('user', i), 'staff' || i, 'staff' || i || '@rental-manager.example',
       '$2b$12$' || substr(md5('salt' || i) || md5('hash' || i), 1, 53),
       'Staff Member ' || i, 'staff',
       case when i % 17 = 0 then 'locked' else 'active' end::user_status,
       i % 17 <> 0, false, true, i % 3, now() - i * interval '1 hour', '+49 30 555' || lpad(i::text, 4, '0'),
       timestamptz '2021-03-01 08:00+00' + i * interval '1 day', now()
from generate_series(2, :n_users) i;

insert into roles (id, name, description, is_system_role, is_active, created_at)
select pg_temp.key('role', i), name, 'Grown over the years: ' || name, i <= 3, true, timestamptz '2021-02-01 08:00+00'
from unnest(array['admin', 'manager', 'operator', 'cashier', 'temp-summer-2022', 'viewer'])
     with ordinality as r (name, i);

insert into permissions (id, name, resource, action, description, risk_level, created_at)
select pg_temp.key('permission', row_number() over ()), r || ':' || a, r, a, 'Old: ' || a || ' ' || r,
       case a when 'delete' then 'high' when 'read' then 'low' else 'medium' end::risk_level,
       timestamptz '2021-02-01 08:00+00'
from unnest(array['users', 'items', 'customers', 'suppliers', 'rentals', 'inventory']) r,
     unnest(array['create', 'read', 'update', 'delete']) a;

insert into role_permissions (role_id, permission_id, granted_at)
select r.id, p.id, timestamptz '2021-02-01 08:00+00'
from roles r, permissions p where r.name = 'admin' or p.action = 'read';

insert into user_roles (user_id, role_id, assigned_at)
select pg_temp.key('user', i), pg_temp.key('role', case i when 1 then 1 else 2 + i % 5 end), now()
from generate_series(1, :n_users) i;

insert into refresh_tokens (user_id, token_hash, expires_at, is_revoked)
select pg_temp.key('user', 1 + i % :n_users), md5('a' || i) || md5('b' || i), now() + interval '7 days', i % 4 = 0
from generate_series(1, greatest(5, ceil(:rows * 0.01))::bigint) i;

insert into user_sessions (user_id, ip_address, user_agent, started_at, ended_at)
select pg_temp.key('user', 1 + i % :n_users), inet '10.20.0.0' + i % 60000, 'Mozilla/5.0 (invented)',
       now() - i * interval '7 minutes', case when i % 10 > 0 then now() - i * interval '6 minutes' end
from generate_series(1, greatest(5, ceil(:rows * 0.01))::bigint) i;

-- ---------------------------------------------------------------------- company and its partners

insert into companies (id, company_name, address, email, phone, registration_number, is_active, created_at, updated_at)
values (pg_temp.key('company', 1), 'Kettle & Crane Rentals', 'Dock Road 7, Port Lisle', 'office@kettle-crane.example',
        '+44 20 5550111', 'KC-20417', true, timestamptz '2021-02-01 08:00+00', now()),
       (pg_temp.key('company', 2), 'Kettle & Crane Events', 'Dock Road 9, Port Lisle', 'events@kettle-crane.example',
        '+44 20 5550112', 'KC-20418', false, timestamptz '2022-05-01 08:00+00', now());

insert into company_bank_accounts (company_id, bank_name, iban, is_primary, created_at)
select pg_temp.key('company', 1 + i % 2), 'Harbour Bank', 'XX00HARB0000000000' || i, i = 1, now()
from generate_series(1, 3) i;

insert into customers (id, customer_code, kind, business_name, first_name, last_name, email, phone, date_of_birth,
                       credit_limit, notes, is_active, created_by, created_at, updated_at)
select pg_temp.key('customer', i), 'CUST-' || lpad(i::text, 6, '0'),
       case when i % 4 = 0 then 'business' else 'person' end::customer_kind,
       case when i % 4 = 0 then 'Workshop ' || i || ' Ltd' end,
       (array['Ada', 'Bruno', 'Chidi', 'Dörte', 'Élodie', 'Farid', 'Gwen'])[1 + i % 7],
       (array['Quill', 'Marsh', 'Ødegaard', 'Okafor', 'Şahin', 'Vale'])[1 + i % 6] || '-' || i,
       'customer' || i || '@mail.example', '+44 7700 9' || lpad((i % 100000)::text, 5, '0'),
       date '1950-01-01' + (i * 37 % 18000)::int, (i % 50) * 100, 'Passport copy in folder ' || i,
       i % 20 <> 0, pg_temp.key('user', 1 + i % :n_users), timestamptz '2021-04-01 09:00+00' + i * interval '1 hour', now()
from generate_series(1, :n_customers) i;

insert into customer_addresses (customer_id, street, postal_code, city, country, is_billing)
select pg_temp.key('customer', 1 + i % :n_customers), 'Lantern Street ' || 1 + i % 200,
       lpad((i % 99999)::text, 5, '0'), (array['Port Lisle', 'Amberford', 'Neustadt', 'Vieuxmont'])[1 + i % 4],
       (array['GB', 'GB', 'DE', 'FR'])[1 + i % 4], i <= :n_customers
from generate_series(1, ceil(:n_customers * 1.2)::bigint) i;

insert into contact_persons (customer_id, full_name, email, phone, is_primary, created_at)
select pg_temp.key('customer', 4 * (1 + i % greatest(1, :n_customers / 4))), 'Contact Person ' || i,
       'contact' || i || '@mail.example', '+44 7700 8' || lpad((i % 100000)::text, 5, '0'), i % 2 = 0, now()
from generate_series(1, greatest(3, ceil(:rows * 0.006))::bigint) i
where 4 * (1 + i % greatest(1, :n_customers / 4)) <= :n_customers;

insert into suppliers (id, supplier_code, company_name, contact_name, email, phone, city, country,
                       payment_terms_days, notes, is_active, created_at, updated_at)
select pg_temp.key('supplier', i), 'SUP-' || lpad(i::text, 5, '0'), 'Supply House ' || i, 'Agent ' || i,
       'sales@supply' || i || '.example', '+33 1 5550' || lpad((i % 1000)::text, 3, '0'), 'Vieuxmont', 'FR',
       (array[14, 30, 60])[1 + i % 3], null, true, timestamptz '2021-03-01 09:00+00', now()
from generate_series(1, :n_suppliers) i;

-- ---------------------------------------------------------------------------------- master data

insert into brands (id, name, code, description, is_active, created_at, updated_at)
select pg_temp.key('brand', i), 'Old Brand ' || i, 'OB' || i, null, true, timestamptz '2021-03-01 09:00+00', now()
from generate_series(1, 40) i;

insert into categories (id, name, code, parent_category_id, category_level, category_path, display_order,
                        is_leaf, is_active, created_at, updated_at)
select pg_temp.key('category', i), 'Old Category ' || i, 'OC' || i,
       case when i > 8 then pg_temp.key('category', case when i <= 32 then 1 + i % 8 else 9 + i % 24 end) end,
       case when i <= 8 then 1 when i <= 32 then 2 else 3 end, 'old/' || i, i, i > 32, true,
       timestamptz '2021-03-01 09:00+00', now()
from generate_series(1, 60) i;

insert into units_of_measurement (id, name, abbreviation, description, is_active, created_at)
select pg_temp.key('unit', i), 'Old unit ' || i, 'u' || i, null, true, timestamptz '2021-03-01 09:00+00'
from generate_series(1, 25) i;

insert into locations (id, location_code, name, kind, address, city, country, contact_phone, manager_id, is_active,
                       created_at, updated_at)
select pg_temp.key('location', i), 'OLD-' || i, 'Old Site ' || i,
       (array['store', 'warehouse', 'workshop', 'depot'])[1 + i % 4]::location_kind, 'Mill Lane ' || i, 'Amberford',
       'GB', null, pg_temp.key('user', 1 + i % :n_users), true, timestamptz '2021-03-01 09:00+00', now()
from generate_series(1, 12) i;

insert into items (id, sku, name, description, status, brand_id, category_id, unit_id, tax_code, is_rentable,
                   is_saleable, daily_rate, sale_price, security_deposit, serial_number_required, reorder_point,
                   created_at, updated_at)
select pg_temp.key('item', i), 'OLD-' || lpad(i::text, 7, '0'), 'Old item ' || i,
       case when i % 3 > 0 then repeat('Well used. ', 1 + (i % 9)::int) end, 'active',
       case when i % 5 > 0 then pg_temp.key('brand', 1 + i % 40) end, pg_temp.key('category', 33 + i % 28),
       pg_temp.key('unit', 1 + i % 25), (array['STD', 'STD', 'RED'])[1 + i % 3], i % 10 > 0, i % 10 = 0,
       5 + i % 90, 100 + i % 900, 20 + i % 80, i % 2 = 0, 2, timestamptz '2021-05-01 09:00+00', now()
from generate_series(1, :n_items) i;

insert into item_prices (item_id, min_days, daily_rate, valid_from, valid_to)
select pg_temp.key('item', 1 + i % :n_items), 1 + 6 * (i / :n_items)::int, 4 + i % 80, date '2024-01-01', null
from generate_series(0, 2 * :n_items - 1) i;

insert into supplier_items (supplier_id, item_id, supplier_sku, purchase_price, lead_time_days)
select pg_temp.key('supplier', 1 + i % :n_suppliers), pg_temp.key('item', 1 + i % :n_items), 'S-' || i, 10 + i % 400,
       1 + i % 30
from generate_series(1, least(:n_items, greatest(5, ceil(:rows * 0.006)))::bigint) i;

-- ------------------------------------------------------------------------------------ inventory

insert into sku_sequences (category_code, next_number, updated_at)
select 'OC' || i, 100 + i, now() from generate_series(33, 60) i;

insert into inventory_units (id, item_id, location_id, serial_number, status, condition, purchase_price,
                             purchase_line_id, created_at, updated_at)
select pg_temp.key('inventory_unit', i), pg_temp.key('item', 1 + i % :n_items), pg_temp.key('location', 1 + i % 12),
       'SN-' || lpad(i::text, 9, '0'),
       (array['available', 'available', 'rented', 'reserved', 'in_repair'])[1 + i % 5]::unit_status,
       (array['new', 'good', 'good', 'worn'])[1 + i % 4]::unit_condition, 30 + i % 700,
       pg_temp.key('line', 1 + i % :n_lines), timestamptz '2022-01-01 09:00+00', now()
from generate_series(1, :n_units) i;

insert into stock_levels (item_id, location_id, on_hand, available, rented, updated_at)
select item_id, location_id, count(*), count(*) filter (where status = 'available'),
       count(*) filter (where status = 'rented'), now()
from inventory_units group by item_id, location_id;

-- --------------------------------------------------------------------------------- transactions

insert into transaction_headers (id, type, status, customer_id, supplier_id, location_id, reversed_by,
                                 transaction_date, total_amount, notes, created_by, created_at, updated_at)
select pg_temp.key('header', i), case when i % 10 = 0 then 'purchase' when i % 10 = 1 then 'sale' else 'rental' end::transaction_type,
       'completed', case when i % 10 > 0 then pg_temp.key('customer', 1 + i % :n_customers) end,
       case when i % 10 = 0 then pg_temp.key('supplier', 1 + i % :n_suppliers) end, pg_temp.key('location', 1 + i % 12),
       case when i % 500 = 499 then pg_temp.key('header', i - 1) end,
       date '2022-01-01' + (i % 1500)::int, 20 + i % 2000, case when i % 7 = 0 then 'Call before delivery' end,
       pg_temp.key('user', 1 + i % :n_users), now() - i * interval '1 minute', now()
from generate_series(1, :n_headers) i;

insert into transaction_lines (id, transaction_id, line_number, item_id, quantity, unit_price, tax_code, rental_start, rental_end)
select pg_temp.key('line', i), pg_temp.key('header', 1 + i % :n_headers), 1 + i / :n_headers,
       pg_temp.key('item', 1 + i % :n_items), 1 + i % 4, 5 + i % 95, 'STD',
       date '2022-01-01' + (i % 1500)::int, date '2022-01-04' + (i % 1500)::int
from generate_series(1, :n_lines) i;

insert into transaction_events (transaction_id, event, payload, happened_at)
select pg_temp.key('header', 1 + i % :n_headers), (array['created', 'confirmed', 'paid', 'closed'])[1 + i % 4],
       jsonb_build_object('by', 'staff' || 1 + i % :n_users, 'step', i % 4), now() - i * interval '30 seconds'
from generate_series(1, greatest(20, ceil(:rows * 0.12))::bigint) i;

insert into transaction_metadata (transaction_id, key, value)
select pg_temp.key('header', 1 + i % :n_headers), 'channel', (array['counter', 'phone', 'web'])[1 + i % 3]
from generate_series(1, greatest(10, ceil(:rows * 0.06))::bigint) i;

insert into transaction_payments (transaction_id, method, amount, card_last4, paid_at)
select pg_temp.key('header', 1 + i % :n_headers), (array['cash', 'card', 'transfer'])[1 + i % 3]::payment_method,
       20 + i % 2000, case when i % 3 = 1 then lpad((i % 10000)::text, 4, '0') end, now() - i * interval '1 minute'
from generate_series(1, greatest(10, ceil(:rows * 0.05))::bigint) i;

insert into stock_movements (item_id, location_id, transaction_line_id, type, quantity, moved_at)
select pg_temp.key('item', 1 + i % :n_items), pg_temp.key('location', 1 + i % 12),
       case when i % 3 > 0 then pg_temp.key('line', 1 + i % :n_lines) end,
       (array['rental_out', 'rental_in', 'receipt'])[1 + i % 3]::movement_type, 1, now() - i * interval '1 minute'
from generate_series(1, greatest(20, ceil(:rows * 0.12))::bigint) i;

insert into inventory_adjustments (unit_id, reason, difference, adjusted_by, adjusted_at)
select pg_temp.key('inventory_unit', 1 + i % :n_units), 'Yearly count', -1, pg_temp.key('user', 1 + i % :n_users), now()
from generate_series(1, greatest(3, ceil(:rows * 0.01))::bigint) i;

-- -------------------------------------------------------------------------------------- rentals

insert into rental_lifecycles (id, transaction_id, status, expected_return, total_returned, late_fee, damage_fee, updated_at)
select pg_temp.key('rental', i), pg_temp.key('header', i),
       (array['returned', 'returned', 'out', 'late'])[1 + i % 4]::rental_status, date '2022-01-05' + (i % 1500)::int,
       i % 4, 0, 0, now()
from generate_series(1, least(:n_rentals, :n_headers)::bigint) i;

insert into rental_extensions (lifecycle_id, old_end, new_end, fee, requested_at)
select pg_temp.key('rental', 1 + i % least(:n_rentals, :n_headers)::bigint), date '2024-01-05', date '2024-01-09', 12.50, now()
from generate_series(1, greatest(3, ceil(:rows * 0.005))::bigint) i;

insert into rental_status_logs (lifecycle_id, old_status, new_status, changed_at)
select pg_temp.key('rental', 1 + i % least(:n_rentals, :n_headers)::bigint),
       case when i % 2 = 0 then 'reserved' end::rental_status, 'out', now() - i * interval '1 minute'
from generate_series(1, greatest(10, ceil(:rows * 0.04))::bigint) i;

insert into rental_returns (id, lifecycle_id, location_id, returned_at, received_by, notes)
select pg_temp.key('return', i), pg_temp.key('rental', 1 + i % least(:n_rentals, :n_headers)::bigint),
       pg_temp.key('location', 1 + i % 12), now() - i * interval '1 minute', pg_temp.key('user', 1 + i % :n_users), null
from generate_series(1, :n_returns) i;

insert into rental_return_lines (id, rental_return_id, unit_id, condition, damage_fee)
select pg_temp.key('return_line', i), pg_temp.key('return', 1 + i % :n_returns),
       pg_temp.key('inventory_unit', 1 + i % :n_units), 'good', 0
from generate_series(1, :n_return_lines) i;

insert into inspection_reports (return_line_id, inspector_id, findings, repair_cost, inspected_at)
select pg_temp.key('return_line', 1 + i % :n_return_lines), pg_temp.key('user', 1 + i % :n_users),
       'Scratches on the left side, case ' || i, i % 40, now()
from generate_series(1, :n_inspections) i;

-- --------------------------------------------------------------------------------------- system

insert into system_settings (setting_key, setting_name, setting_type, category, setting_value, default_value,
                             description, is_system, display_order, updated_by, created_at, updated_at)
select 'old_setting_' || i, 'Old setting ' || i, 'string', 'general', 'v' || i, '', 'Nobody remembers', false, i,
       pg_temp.key('user', 1), timestamptz '2021-02-01 08:00+00', now()
from generate_series(1, 38) i;
insert into system_settings (setting_key, setting_name, setting_type, category, setting_value, default_value,
                             description, is_system, display_order, updated_by, created_at, updated_at)
values ('timezone', 'Time zone', 'string', 'general', 'Europe/Lisbon', 'UTC', 'Changed by hand', true, 1,
        pg_temp.key('user', 1), timestamptz '2021-02-01 08:00+00', now());

insert into system_backups (backup_name, status, started_by, size_bytes, started_at, finished_at)
select 'nightly-' || i, 'done', pg_temp.key('user', 1), 1000000 + i, now() - i * interval '1 day',
       now() - i * interval '1 day' + interval '9 minutes'
from generate_series(1, 30) i;

insert into audit_logs (user_id, action, entity, entity_id, old_values, new_values, ip_address, happened_at)
select pg_temp.key('user', 1 + i % :n_users), (array['create', 'update', 'delete'])[1 + i % 3], 'customer',
       pg_temp.key('customer', 1 + i % :n_customers), null, jsonb_build_object('phone', '+44 7700 9' || i % 100000),
       inet '10.20.0.0' + i % 60000, now() - i * interval '1 minute'
from generate_series(1, greatest(20, ceil(:rows * 0.10))::bigint) i;

insert into security_audit_logs (user_id, event, risk_level, ip_address, happened_at)
select pg_temp.key('user', 1 + i % :n_users), 'password_changed', 'medium', inet '10.20.0.0' + i % 60000, now()
from generate_series(1, greatest(5, ceil(:rows * 0.02))::bigint) i;

insert into login_attempts (username, ip_address, succeeded, attempted_at)
select 'staff' || 1 + i % :n_users, inet '10.20.0.0' + i % 60000, i % 6 > 0, now() - i * interval '1 minute'
from generate_series(1, greatest(10, ceil(:rows * 0.03))::bigint) i;

insert into ip_whitelist (network, description, added_by, added_at)
select ('10.30.' || i || '.0/24')::cidr, 'Branch office ' || i, pg_temp.key('user', 1), now()
from generate_series(1, 7) i;

insert into task_executions (task_name, status, started_at, finished_at, error)
select 'send_reminders', case when i % 25 = 0 then 'failed' else 'done' end::job_status, now() - i * interval '1 hour',
       now() - i * interval '59 minutes', case when i % 25 = 0 then 'SMTP timeout' end
from generate_series(1, greatest(5, ceil(:rows * 0.01))::bigint) i;

insert into change_notes (noted_at, author, note)
values (timestamptz '2021-02-01 08:00+00', 'installer', 'Installed'),
       (timestamptz '2023-06-12 19:30+00', 'dba', 'Moved to PostgreSQL 15'),
       (timestamptz '2024-11-03 06:10+00', 'dba', 'Rotated all API keys');

-- --------------------------------------------------------------------- analytics and monitoring

insert into analytics_reports (name, status, requested_by, parameters, result, created_at)
select 'Revenue ' || 2020 + i % 6, 'done', pg_temp.key('user', 1 + i % :n_users), '{"by": "month"}',
       jsonb_build_object('total', i * 10), now()
from generate_series(1, greatest(3, ceil(:rows * 0.002))::bigint) i;

insert into business_metrics (metric, measured_on, value)
select (array['revenue', 'utilisation', 'new_customers', 'returns_late'])[1 + i % 4], date '2010-01-01' + (i / 4)::int,
       (i * 7919 % 100000) / 13.0
from generate_series(0, greatest(8, ceil(:rows * 0.02))::bigint) i;

insert into system_alerts (title, severity, message, acknowledged_by, raised_at)
select 'Disk is filling', (array['info', 'warning', 'error'])[1 + i % 3]::alert_severity, 'Node ' || i % 5,
       case when i % 2 = 0 then pg_temp.key('user', 1) end, now() - i * interval '1 hour'
from generate_series(1, greatest(5, ceil(:rows * 0.005))::bigint) i;

refresh materialized view item_stock_summary;

commit;

set client_min_messages = error;  -- analyze warns about each system catalog that is not ours
analyze;
