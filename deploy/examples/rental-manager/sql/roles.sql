insert into roles (name, description, is_system_role, is_active, created_at) values
  ('admin',    'Full system administrator', true, true, now()),
  ('manager',  'Runs the shop: everything but the people''s accounts; reads those', true, true, now()),
  ('operator', 'Works at the counter; rents out, takes back, counts', true, true, now()),
  ('viewer',   'Looks, and changes nothing', true, true, now());
