-- The schema of "rental manager", an invented rental shop: 49 tables, 46 of them business data.
--
-- Plain SQL for the database's owner: no superuser, no extension, no psql command. As in many real
-- applications, most NOT NULL columns have no default, because the application always fills them;
-- some references carry no foreign key; and only a part of the foreign keys has an index.

begin;

-- ---------------------------------------------------------------------------------------- types

create type user_status as enum ('active', 'inactive', 'locked');
create type user_type as enum ('superadmin', 'admin', 'staff', 'customer');
create type risk_level as enum ('low', 'medium', 'high', 'critical');
create type setting_type as enum ('string', 'integer', 'decimal', 'boolean');
create type setting_category as enum ('general', 'financial', 'rental', 'business_rule');
create type alert_severity as enum ('info', 'warning', 'error', 'critical');
create type job_status as enum ('queued', 'running', 'done', 'failed');
create type customer_kind as enum ('person', 'business');
create type item_status as enum ('active', 'inactive', 'discontinued');
create type unit_status as enum ('available', 'reserved', 'rented', 'in_repair', 'retired');
create type unit_condition as enum ('new', 'good', 'worn', 'damaged');
create type movement_type as enum ('receipt', 'rental_out', 'rental_in', 'sale', 'adjustment');
create type transaction_type as enum ('rental', 'sale', 'purchase');
create type transaction_status as enum ('draft', 'confirmed', 'completed', 'cancelled');
create type payment_method as enum ('cash', 'card', 'transfer');
create type rental_status as enum ('reserved', 'out', 'late', 'returned');
create type location_kind as enum ('store', 'warehouse', 'workshop', 'depot');

-- ---------------------------------------------------------------------------------- kept tables

create table alembic_version (
  version_num varchar(32) primary key
);
insert into alembic_version values ('c41f0e7d92ab');

-- Reference data that comes with a migration, not from the shop's business.
create table tax_rates (
  code        varchar(10) primary key,
  name        varchar(80) not null,
  percent     numeric(5, 2) not null,
  valid_from  date not null
);
insert into tax_rates (code, name, percent, valid_from) values
  ('STD', 'Standard rate', 19.00, '2021-01-01'),
  ('RED', 'Reduced rate', 7.00, '2021-01-01'),
  ('SRV', 'Services', 12.50, '2022-07-01'),
  ('ZERO', 'Exempt', 0.00, '2021-01-01');

-- What was done to this installation, by whom; it outlives a reset, and each reset adds a line.
create table change_notes (
  id        bigint generated always as identity primary key,
  noted_at  timestamptz not null,
  author    varchar(80) not null,
  note      text not null
);

-- ------------------------------------------------------------------------------- authentication

create table users (
  id                     uuid primary key default gen_random_uuid(),
  username               varchar(50) not null unique,
  email                  varchar(255) not null unique,
  password_hash          varchar(255) not null,
  full_name              varchar(200) not null,
  user_type              user_type not null,
  status                 user_status not null,
  is_active              boolean not null,
  is_superuser           boolean not null,
  is_verified            boolean not null,
  failed_login_attempts  integer not null,
  last_login             timestamptz,
  phone                  varchar(40),
  created_at             timestamptz not null,
  updated_at             timestamptz not null
);

create table roles (
  id              uuid primary key default gen_random_uuid(),
  name            varchar(50) not null unique,
  description     varchar(255) not null,
  is_system_role  boolean not null,
  is_active       boolean not null,
  created_at      timestamptz not null
);

create table permissions (
  id           uuid primary key default gen_random_uuid(),
  name         varchar(100) not null unique,
  resource     varchar(50) not null,
  action       varchar(50) not null,
  description  varchar(255) not null,
  risk_level   risk_level not null,
  created_at   timestamptz not null,
  unique (resource, action)
);

create table role_permissions (
  role_id        uuid not null references roles (id) on delete cascade,
  permission_id  uuid not null references permissions (id) on delete cascade,
  granted_at     timestamptz not null,
  primary key (role_id, permission_id)
);

create table user_roles (
  user_id      uuid not null references users (id) on delete cascade,
  role_id      uuid not null references roles (id) on delete cascade,
  assigned_at  timestamptz not null,
  primary key (user_id, role_id)
);

create table refresh_tokens (
  id          uuid primary key default gen_random_uuid(),
  user_id     uuid not null references users (id) on delete cascade,
  token_hash  varchar(64) not null unique,
  expires_at  timestamptz not null,
  is_revoked  boolean not null
);

create table user_sessions (
  id          uuid primary key default gen_random_uuid(),
  user_id     uuid not null references users (id) on delete cascade,
  ip_address  inet not null,
  user_agent  text not null,
  started_at  timestamptz not null,
  ended_at    timestamptz
);
create index user_sessions_user_idx on user_sessions (user_id);

-- -------------------------------------------------------------------------------------- company

create table companies (
  id                   uuid primary key default gen_random_uuid(),
  company_name         varchar(255) not null unique,
  address              text,
  email                varchar(255),
  phone                varchar(50),
  registration_number  varchar(100),
  is_active            boolean not null,
  created_at           timestamptz not null,
  updated_at           timestamptz not null
);

create table company_bank_accounts (
  id          uuid primary key default gen_random_uuid(),
  company_id  uuid not null references companies (id),
  bank_name   varchar(120) not null,
  iban        varchar(34) not null unique,
  is_primary  boolean not null,
  created_at  timestamptz not null
);

-- ---------------------------------------------------------------------------- business partners

create table customers (
  id             uuid primary key default gen_random_uuid(),
  customer_code  varchar(30) not null unique,
  kind           customer_kind not null,
  business_name  varchar(200),
  first_name     varchar(100),
  last_name      varchar(100),
  email          varchar(255),
  phone          varchar(40),
  date_of_birth  date,
  credit_limit   numeric(12, 2) not null,
  notes          text,
  is_active      boolean not null,
  created_by     uuid,                                  -- a user; no foreign key
  created_at     timestamptz not null,
  updated_at     timestamptz not null
);
create index customers_email_idx on customers (lower(email));

create table customer_addresses (
  id           uuid primary key default gen_random_uuid(),
  customer_id  uuid not null references customers (id) on delete cascade,
  street       varchar(200) not null,
  postal_code  varchar(20) not null,
  city         varchar(100) not null,
  country      char(2) not null,
  is_billing   boolean not null
);
create index customer_addresses_customer_idx on customer_addresses (customer_id);

create table contact_persons (
  id           uuid primary key default gen_random_uuid(),
  customer_id  uuid not null references customers (id),
  full_name    varchar(200) not null,
  email        varchar(255) not null,
  phone        varchar(40) not null,
  is_primary   boolean not null,
  created_at   timestamptz not null
);

create table suppliers (
  id                  uuid primary key default gen_random_uuid(),
  supplier_code       varchar(30) not null unique,
  company_name        varchar(200) not null,
  contact_name        varchar(200),
  email               varchar(255),
  phone               varchar(40),
  city                varchar(100),
  country             char(2) not null,
  payment_terms_days  integer not null,
  notes               text,
  is_active           boolean not null,
  created_at          timestamptz not null,
  updated_at          timestamptz not null
);

-- ---------------------------------------------------------------------------------- master data

create table brands (
  id           uuid primary key default gen_random_uuid(),
  name         varchar(100) not null unique,
  code         varchar(20) not null unique,
  description  text,
  is_active    boolean not null,
  created_at   timestamptz not null,
  updated_at   timestamptz not null
);

create table categories (
  id                  uuid primary key default gen_random_uuid(),
  name                varchar(100) not null,
  code                varchar(20) not null unique,
  parent_category_id  uuid references categories (id) on delete restrict,
  category_level      integer not null check (category_level between 1 and 5),
  category_path       varchar(500) not null unique,
  display_order       integer not null,
  is_leaf             boolean not null,
  is_active           boolean not null,
  created_at          timestamptz not null,
  updated_at          timestamptz not null
);
create index categories_parent_idx on categories (parent_category_id);

create table units_of_measurement (
  id            uuid primary key default gen_random_uuid(),
  name          varchar(50) not null unique,
  abbreviation  varchar(10) not null unique,
  description   varchar(200),
  is_active     boolean not null,
  created_at    timestamptz not null
);

create table locations (
  id             uuid primary key default gen_random_uuid(),
  location_code  varchar(20) not null unique,
  name           varchar(100) not null,
  kind           location_kind not null,
  address        text not null,
  city           varchar(100) not null,
  country        char(2) not null,
  contact_phone  varchar(40),
  manager_id     uuid,                                  -- a user; no foreign key
  is_active      boolean not null,
  created_at     timestamptz not null,
  updated_at     timestamptz not null
);

create table items (
  id                     uuid primary key default gen_random_uuid(),
  sku                    varchar(40) not null unique,
  name                   varchar(200) not null,
  description            text,
  status                 item_status not null,
  brand_id               uuid references brands (id) on delete set null,
  category_id            uuid not null references categories (id) on delete restrict,
  unit_id                uuid not null references units_of_measurement (id) on delete restrict,
  tax_code               varchar(10) not null references tax_rates (code),
  is_rentable            boolean not null,
  is_saleable            boolean not null,
  daily_rate             numeric(10, 2),
  sale_price             numeric(10, 2),
  security_deposit       numeric(10, 2) not null,
  serial_number_required boolean not null,
  reorder_point          integer not null,
  created_at             timestamptz not null,
  updated_at             timestamptz not null
);
create index items_category_idx on items (category_id);

create table item_prices (
  id          uuid primary key default gen_random_uuid(),
  item_id     uuid not null references items (id) on delete cascade,
  min_days    integer not null,
  daily_rate  numeric(10, 2) not null,
  valid_from  date not null,
  valid_to    date
);
create index item_prices_item_idx on item_prices (item_id);

create table supplier_items (
  supplier_id     uuid not null references suppliers (id),
  item_id         uuid not null references items (id),
  supplier_sku    varchar(60) not null,
  purchase_price  numeric(10, 2) not null,
  lead_time_days  integer not null,
  primary key (supplier_id, item_id)
);

-- ------------------------------------------------------------------------------------ inventory

create table sku_sequences (
  category_code  varchar(20) primary key,
  next_number    integer not null,
  updated_at     timestamptz not null
);

create table inventory_units (
  id                uuid primary key default gen_random_uuid(),
  item_id           uuid not null references items (id),
  location_id       uuid not null references locations (id),
  serial_number     varchar(60) not null unique,
  status            unit_status not null,
  condition         unit_condition not null,
  purchase_price    numeric(10, 2) not null,
  purchase_line_id  uuid,                               -- a transaction line; no foreign key
  created_at        timestamptz not null,
  updated_at        timestamptz not null
);
create index inventory_units_item_idx on inventory_units (item_id);

create table stock_levels (
  id                 uuid primary key default gen_random_uuid(),
  item_id            uuid not null references items (id),
  location_id        uuid not null references locations (id),
  on_hand            integer not null,
  available          integer not null,
  rented             integer not null,
  updated_at         timestamptz not null,
  unique (item_id, location_id)
);

-- --------------------------------------------------------------------------------- transactions

-- Contract numbers come from a sequence that no column owns.
create sequence rental_contract_numbers start with 1000;

create table transaction_headers (
  id               uuid primary key default gen_random_uuid(),
  contract_number  bigint not null default nextval('rental_contract_numbers') unique,
  type             transaction_type not null,
  status           transaction_status not null,
  customer_id      uuid references customers (id),
  supplier_id      uuid references suppliers (id),
  location_id      uuid not null references locations (id),
  reversed_by      uuid references transaction_headers (id),
  transaction_date date not null,
  total_amount     numeric(12, 2) not null,
  notes            text,
  created_by       uuid,                                -- a user; no foreign key
  created_at       timestamptz not null,
  updated_at       timestamptz not null
);
create index transaction_headers_customer_idx on transaction_headers (customer_id);
create index transaction_headers_date_idx on transaction_headers (transaction_date);

create table transaction_lines (
  id             uuid primary key default gen_random_uuid(),
  transaction_id uuid not null references transaction_headers (id) on delete cascade,
  line_number    integer not null,
  item_id        uuid not null references items (id),
  quantity       numeric(10, 2) not null,
  unit_price     numeric(10, 2) not null,
  tax_code       varchar(10) not null references tax_rates (code),
  rental_start   date,
  rental_end     date,
  unique (transaction_id, line_number)
);

create table transaction_events (
  id             bigserial primary key,
  transaction_id uuid not null references transaction_headers (id) on delete cascade,
  event          varchar(60) not null,
  payload        jsonb not null,
  happened_at    timestamptz not null
);
create index transaction_events_transaction_idx on transaction_events (transaction_id);

create table transaction_metadata (
  id             uuid primary key default gen_random_uuid(),
  transaction_id uuid not null references transaction_headers (id) on delete cascade,
  key            varchar(60) not null,
  value          text not null
);

create table transaction_payments (
  id             uuid primary key default gen_random_uuid(),
  transaction_id uuid not null references transaction_headers (id),
  method         payment_method not null,
  amount         numeric(12, 2) not null,
  card_last4     char(4),
  paid_at        timestamptz not null
);
create index transaction_payments_transaction_idx on transaction_payments (transaction_id);

create table stock_movements (
  id                  uuid primary key default gen_random_uuid(),
  movement_number     bigint generated by default as identity (start with 100) unique,
  item_id             uuid not null references items (id),
  location_id         uuid not null references locations (id),
  transaction_line_id uuid references transaction_lines (id),
  type                movement_type not null,
  quantity            integer not null,
  moved_at            timestamptz not null
);
create index stock_movements_item_idx on stock_movements (item_id);

create table inventory_adjustments (
  id           uuid primary key default gen_random_uuid(),
  unit_id      uuid not null references inventory_units (id),
  reason       varchar(200) not null,
  difference   integer not null,
  adjusted_by  uuid not null references users (id),
  adjusted_at  timestamptz not null
);

-- -------------------------------------------------------------------------------------- rentals

create table rental_lifecycles (
  id                  uuid primary key default gen_random_uuid(),
  transaction_id      uuid not null unique references transaction_headers (id),
  status              rental_status not null,
  expected_return     date not null,
  total_returned      numeric(10, 2) not null,
  late_fee            numeric(10, 2) not null,
  damage_fee          numeric(10, 2) not null,
  updated_at          timestamptz not null
);

create table rental_extensions (
  id            uuid primary key default gen_random_uuid(),
  lifecycle_id  uuid not null references rental_lifecycles (id),
  old_end       date not null,
  new_end       date not null,
  fee           numeric(10, 2) not null,
  requested_at  timestamptz not null
);

create table rental_status_logs (
  id            bigint generated always as identity primary key,
  lifecycle_id  uuid not null references rental_lifecycles (id) on delete cascade,
  old_status    rental_status,
  new_status    rental_status not null,
  changed_at    timestamptz not null
);
create index rental_status_logs_lifecycle_idx on rental_status_logs (lifecycle_id);

create table rental_returns (
  id            uuid primary key default gen_random_uuid(),
  lifecycle_id  uuid not null references rental_lifecycles (id),
  location_id   uuid not null references locations (id),
  returned_at   timestamptz not null,
  received_by   uuid not null references users (id),
  notes         text
);

create table rental_return_lines (
  id                uuid primary key default gen_random_uuid(),
  rental_return_id  uuid not null references rental_returns (id) on delete cascade,
  unit_id           uuid not null references inventory_units (id),
  condition         unit_condition not null,
  damage_fee        numeric(10, 2) not null
);

create table inspection_reports (
  id              uuid primary key default gen_random_uuid(),
  return_line_id  uuid not null references rental_return_lines (id),
  inspector_id    uuid not null references users (id),
  findings        text not null,
  repair_cost     numeric(10, 2) not null,
  inspected_at    timestamptz not null
);

-- --------------------------------------------------------------------------------------- system

create table system_settings (
  id             uuid primary key default gen_random_uuid(),
  setting_key    varchar(100) not null unique,
  setting_name   varchar(200) not null,
  setting_type   setting_type not null,
  category       setting_category not null,
  setting_value  text not null,
  default_value  text not null,
  description    text not null,
  is_system      boolean not null,
  display_order  integer not null,
  updated_by     uuid references users (id) on delete set null,
  created_at     timestamptz not null,
  updated_at     timestamptz not null
);

create table system_backups (
  id           uuid primary key default gen_random_uuid(),
  backup_name  varchar(200) not null,
  status       job_status not null,
  started_by   uuid not null references users (id),
  size_bytes   bigint,
  started_at   timestamptz not null,
  finished_at  timestamptz
);

create table audit_logs (
  id           bigint generated by default as identity primary key,
  user_id      uuid references users (id) on delete set null,
  action       varchar(100) not null,
  entity       varchar(100) not null,
  entity_id    uuid,
  old_values   jsonb,
  new_values   jsonb,
  ip_address   inet,
  happened_at  timestamptz not null
);
create index audit_logs_happened_idx on audit_logs (happened_at);

create table security_audit_logs (
  id           uuid primary key default gen_random_uuid(),
  user_id      uuid references users (id),
  event        varchar(100) not null,
  risk_level   risk_level not null,
  ip_address   inet not null,
  happened_at  timestamptz not null
);

create table login_attempts (
  id            bigserial primary key,
  username      varchar(50) not null,                   -- a user's name; no foreign key
  ip_address    inet not null,
  succeeded     boolean not null,
  attempted_at  timestamptz not null
);

create table ip_whitelist (
  id           serial primary key,
  network      cidr not null unique,
  description  varchar(200) not null,
  added_by     uuid,                                    -- a user; no foreign key
  added_at     timestamptz not null
);

create table task_executions (
  id           uuid primary key default gen_random_uuid(),
  task_name    varchar(100) not null,
  status       job_status not null,
  started_at   timestamptz not null,
  finished_at  timestamptz,
  error        text
);

-- --------------------------------------------------------------------- analytics and monitoring

create table analytics_reports (
  id            uuid primary key default gen_random_uuid(),
  name          varchar(200) not null,
  status        job_status not null,
  requested_by  uuid references users (id),
  parameters    jsonb not null,
  result        jsonb,
  created_at    timestamptz not null
);

create table business_metrics (
  id           uuid primary key default gen_random_uuid(),
  metric       varchar(100) not null,
  measured_on  date not null,
  value        numeric(16, 4) not null,
  unique (metric, measured_on)
);

create table system_alerts (
  id               uuid primary key default gen_random_uuid(),
  title            varchar(200) not null,
  severity         alert_severity not null,
  message          text not null,
  acknowledged_by  uuid references users (id),
  raised_at        timestamptz not null
);

-- ---------------------------------------------------------------------------- view and triggers

create materialized view item_stock_summary as
  select i.id as item_id, i.sku, i.name, sum(s.on_hand) as on_hand, sum(s.rented) as rented
  from items i join stock_levels s on s.item_id = i.id
  group by i.id, i.sku, i.name;
create unique index item_stock_summary_item_idx on item_stock_summary (item_id);

create function touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end
$$;
create trigger users_touch before insert or update on users
  for each row execute function touch_updated_at();
create trigger items_touch before update on items
  for each row execute function touch_updated_at();

commit;
